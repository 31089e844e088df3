"""Checkpoint files: whole or refused, whatever happens to them."""

import io
import os
import subprocess
import sys
import time
import zipfile

import numpy as np
import pytest
from helpers import ROOT

from rnncamp_utils import training
from rnncamp_utils.batches import Batch
from rnncamp_utils.network import Network
from rnncamp_utils.optimizers import Adam
from rnncamp_utils.training import CheckpointError, last, load, save, train


def net(**options):
    return Network(**{"inputs": 4, "hidden": 5, "outputs": 4, **options})


def task(rng, step):
    x = rng.integers(0, 4, (5, 2))
    return Batch(x, x)


@pytest.fixture
def saved(tmp_path):
    """A checkpoint file and the state in it."""
    state = last(train(net(), task, Adam(), steps=3))
    save(tmp_path / "run.npz", state, net())
    return tmp_path / "run.npz", state


def same(a, b):
    """Whether both states agree in every bit."""
    return (
        a.step == b.step
        and a.rng == b.rng
        and a.memory.keys() == b.memory.keys()
        and len(a.carry) == len(b.carry)
        and all(
            np.array_equal(p, q) and p.dtype == q.dtype
            for p, q in zip(
                (a.theta, a.losses, a.norms, *a.memory.values(), *a.carry),
                (b.theta, b.losses, b.norms, *(b.memory[name] for name in a.memory), *b.carry),
            )
        )
    )


@pytest.mark.parametrize("place", ["two words.npz", "größe ∂.npz", "été 2/a b.npz", "no_ending"])
def test_paths_with_spaces_and_letters_of_any_language(tmp_path, place, saved):
    path = tmp_path / place
    path.parent.mkdir(exist_ok=True)
    for form in (path, str(path)):
        save(form, saved[1], net())
        assert same(load(form, net()), saved[1])
    assert [p.name for p in path.parent.iterdir() if p.name.endswith(".part")] == []


def test_the_start_of_a_run_can_be_saved(tmp_path):
    begin = training.start(net(), Adam(), seed=3)
    save(tmp_path / "begin.npz", begin, net())
    loaded = load(tmp_path / "begin.npz", net())
    assert (loaded.step, loaded.carry, loaded.log) == (0, None, [])
    expected = last(train(net(), task, Adam(), steps=4, seed=3))
    assert same(last(train(net(), task, Adam(), loaded, steps=4)), expected)


def test_a_missing_file_is_missing(tmp_path):
    with pytest.raises(FileNotFoundError):
        load(tmp_path / "nowhere.npz", net())


def test_a_place_that_cannot_hold_the_file_is_named_and_left_alone(tmp_path):
    begin = training.start(net(), Adam())
    with pytest.raises(FileNotFoundError, match="there is no folder .*missing: make it"):
        save(tmp_path / "missing" / "run.npz", begin, net())
    with pytest.raises(IsADirectoryError, match="is a folder: give the name of a file"):
        save(tmp_path, begin, net())
    assert not list(tmp_path.iterdir()) and not tmp_path.with_name(tmp_path.name + ".part").exists()


def test_a_second_save_replaces_the_first(saved):
    path, state = saved
    later = last(train(net(), task, Adam(), state, steps=2))
    save(path, later, net())
    assert same(load(path, net()), later)
    assert os.listdir(path.parent) == [path.name]


def test_a_save_that_fails_leaves_the_old_file(saved, monkeypatch):
    path, state = saved

    def full(file, **arrays):
        file.write(b"half of it")
        raise OSError("no space left on device")

    monkeypatch.setattr(np, "savez", full)
    with pytest.raises(OSError, match="no space"):
        save(path, state, net())
    assert same(load(path, net()), state)


@pytest.mark.parametrize("part", [0, 1, 10, 0.25, 0.5, 0.9, -1, -30])
def test_a_truncated_file_is_refused(saved, part):
    path, _ = saved
    data = path.read_bytes()
    path.write_bytes(data[: int(part * len(data)) if isinstance(part, float) else part])
    with pytest.raises(CheckpointError, match="run.npz is not a checkpoint .* or it is damaged"):
        load(path, net())


def test_every_flipped_bit_is_refused_or_harmless(saved):
    # Everything that is loaded stands under a checksum, which finds every single flipped bit. What
    # stands under none, such as the time of day in a zip header, is not loaded either.
    path, state = saved
    data, refused = path.read_bytes(), 0
    places = range(len(data))
    for place in places:
        damaged = bytearray(data)
        damaged[place] ^= 1 << place % 8
        path.write_bytes(damaged)
        try:
            assert same(load(path, net()), state), f"byte {place}"
        except CheckpointError:
            refused += 1
    assert refused > 0.7 * len(places)


def test_every_flipped_bit_of_theta_is_refused(saved):
    path, state = saved
    data = path.read_bytes()
    first = data.index(state.theta.tobytes())
    for place in range(first, first + state.theta.nbytes, 7):
        damaged = bytearray(data)
        damaged[place] ^= 16
        path.write_bytes(damaged)
        with pytest.raises(CheckpointError, match="theta"):
            load(path, net())


def test_a_header_that_hides_a_part_of_theta_is_refused(saved):
    path, state = saved
    data = path.read_bytes()
    size = str(len(state.theta)).encode()
    assert data.count(b"(" + size + b",)") == 3  # theta and both of Adam's means
    path.write_bytes(data.replace(b"(" + size + b",)", b"(" + b"7".rjust(len(size)) + b",)"))
    with pytest.raises(CheckpointError, match="checksum"):
        load(path, net())


def npz(**arrays):
    file = io.BytesIO()
    np.savez(file, **arrays)
    return file.getvalue()


def npy(array):
    file = io.BytesIO()
    np.save(file, array)
    return file.getvalue()


def zipped(**texts):
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w") as archive:
        for name, text in texts.items():
            archive.writestr(name, text)
    return file.getvalue()


class Trap:
    """Pickled, it would run a command of the file's author when it is loaded."""

    def __reduce__(self):
        return os._exit, (99,)


@pytest.mark.parametrize(
    "data",
    [
        pytest.param(b"", id="empty file"),
        pytest.param(b"Once upon a time\n" * 50, id="text"),
        pytest.param(bytes(range(256)) * 9, id="bytes"),
        pytest.param(npz(theta=np.ones(3)), id="foreign npz"),
        pytest.param(npz(), id="npz with nothing in it"),
        pytest.param(npz(about=np.array("[1]"), theta=np.ones(3)), id="about is a list"),
        pytest.param(npz(about=np.array("{}"), theta=np.ones(3)), id="about is empty"),
        pytest.param(npz(about=np.array("{"), theta=np.ones(3)), id="about is no JSON"),
        pytest.param(npz(about=np.array('{"format": "rnncamp checkpoint 0"}')), id="other format"),
        pytest.param(npz(about=np.array('{"format": "rnncamp checkpoint 1"}')), id="nothing else"),
        pytest.param(npy(np.ones(3)), id="npy"),
        pytest.param(zipped(a="text"), id="zip of a text"),
        pytest.param(npz(about=np.array(Trap(), object)), id="pickle in an npz"),
        pytest.param(npy(np.array(Trap(), object)), id="pickle in an npy"),
    ],
)
def test_a_foreign_file_is_refused(tmp_path, data):
    path = tmp_path / "foreign file.npz"
    path.write_bytes(data)
    with pytest.raises(CheckpointError, match="foreign file.npz is not a checkpoint") as refusal:
        load(path, net())
    assert "unsafe" not in str(refusal.value), "NumPy's advice for files that are trusted"
    path.unlink()  # the file is closed, or Windows would refuse


def test_another_format_is_named(tmp_path):
    (tmp_path / "new.npz").write_bytes(npz(about=np.array('{"format": "rnncamp checkpoint 9"}')))
    with pytest.raises(CheckpointError, match="'rnncamp checkpoint 9', not 'rnncamp checkpoint 1'"):
        load(tmp_path / "new.npz", net())


@pytest.mark.parametrize(
    "options, word",
    [
        ({"hidden": 6}, "6"),
        ({"inputs": 3}, "3"),
        ({"cell": "relu"}, "relu"),
        ({"loss": "squared-error"}, "squared-error"),
        ({"dtype": np.float64}, "float64"),
    ],
)
def test_a_checkpoint_of_another_network_is_refused(saved, options, word):
    with pytest.raises(CheckpointError, match=f"another network: .*, not .*{word}"):
        load(saved[0], net(**options))


_SAVE_FOREVER = """
import sys
sys.path[:0] = sys.argv[2:]
from rnncamp_utils.optimizers import Adam
from rnncamp_utils.training import load, save, start, train
from test_checkpoints import big, task
state = start(big(), Adam())
save(sys.argv[1], state, big())
print("saving", flush=True)
for state in train(big(), task, Adam(), state):
    save(sys.argv[1], state, big())
"""


def big():
    """A network whose file takes a while to write."""
    return net(hidden=400)


def test_a_child_killed_while_it_saves_leaves_a_whole_file(tmp_path):
    path = tmp_path / "run.npz"
    waits = np.random.default_rng(0).uniform(0, 0.1, 20)
    steps, with_unfinished = [], 0
    for wait in waits:
        child = subprocess.Popen(
            [sys.executable, "-c", _SAVE_FOREVER, path, ROOT, ROOT / "tests", ROOT / "tests/unit"],
            stdout=subprocess.PIPE,
        )
        assert child.stdout.readline().strip() == b"saving"
        time.sleep(wait)
        child.kill()  # SIGKILL: no handler, no clean-up
        child.wait()
        child.stdout.close()
        state = load(path, big())
        steps.append(state.step)
        assert len(state.losses) == state.step and np.isfinite(state.theta).all()
        unfinished = path.with_name("run.npz.part")
        if unfinished.exists():
            with_unfinished += 1
            unfinished.unlink()
    assert max(steps) > 0, "no child lived long enough to save"
    assert with_unfinished > 0, "no child was killed in the middle of a save"
