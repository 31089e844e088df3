"""The command line, in child processes where it matters: same text twice, Ctrl-C, going on."""

import io
import json
import os
import signal
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from helpers import ROOT
from PIL import Image

from rnncamp_utils import elman
from rnncamp_utils.batches import Batch
from rnncamp_utils.class_softmax import ClassNetwork
from rnncamp_utils.gradient_sizes import Recorder
from rnncamp_utils.network import Network
from rnncamp_utils.optimizers import SGD
from rnncamp_utils.sparse_updates import Lazy

TEXT = "the cat sat on the mat, and the dog that saw the cat sat down.\n" * 12
SHORT = ("--hidden", "7", "--max_iter", "60", "--snapshot_t", "20", "--sample_n", "15")


@pytest.fixture
def book(tmp_path):
    path = tmp_path / "a book ä.txt"
    path.write_text(TEXT, encoding="utf-8")
    return str(path)


def command(*flags):
    return [sys.executable, "-m", "rnncamp_utils.elman", *map(str, flags)]


def environment():
    return {**os.environ, "PYTHONPATH": str(ROOT), "PYTHONIOENCODING": "utf-8"}


def child(*flags):
    """Run the program as a reader does, and return what it left."""
    return subprocess.run(
        command(*flags), env=environment(), capture_output=True, encoding="utf-8", timeout=300
    )


def run(*flags):
    """Run the program in this process and return its exit code."""
    try:
        return elman.main([str(flag) for flag in flags])
    except SystemExit as end:
        return end.code


def results(tmp_path, *flags):
    assert run(*flags, "--json", tmp_path / "results.json") == 0
    return json.loads((tmp_path / "results.json").read_text(encoding="utf-8"))


def saved(path):
    """Return all arrays of a checkpoint."""
    with np.load(path) as archive:
        return {name: archive[name] for name in archive.files}


def test_the_defaults_are_those_of_the_camp():
    args = elman.parse([])
    assert (args.activate_f, args.grad_clip, args.hidden, args.lr) == ("tanh", 1.0, 100, 0.01)
    assert (args.max_iter, args.sample_n, args.seed) == (10000, 50, 1)
    assert (args.seq_length, args.snapshot_t, args.level) == (25, 100, "char")
    assert args.optimizer == "adagrad"  # with this rate Adam had relu leap to losses of thousands
    assert args.train == Path(elman.__file__)


@pytest.mark.parametrize("dash", ["-", "--"])
def test_every_flag_has_one_dash_or_two(dash):
    flags = {
        "activate_f": "elu", "grad_clip": 2.0, "hidden": 3, "lr": 0.5, "max_iter": 4,
        "sample_n": 5, "seed": 6, "seq_length": 7, "snapshot_t": 8, "level": "word", "valid": 0.3,
        "optimizer": "rmsprop", "batch": 9, "cell": "elman", "last_lr": 0.25,
    }
    args = elman.parse([part for name in flags for part in (dash + name, str(flags[name]))])
    assert {name: getattr(args, name) for name in flags} == flags


def test_the_same_seed_prints_the_same_text_in_every_process(book):
    runs = [child("-train", book, *SHORT, "-seed", seed) for seed in (0, 0, 1)]
    assert [r.returncode for r in runs] == [0, 0, 0]
    assert [r.stderr for r in runs] == ["", "", ""]  # no progress bar where nobody looks
    assert runs[0].stdout == runs[1].stdout != runs[2].stdout
    assert runs[0].stdout.count("held-out loss") == 3


def test_without_a_text_it_learns_its_own_source():
    assert child("--max_iter", "1", "--hidden", "2").returncode == 0


@pytest.mark.parametrize("level", ["char", "word"])
@pytest.mark.parametrize("activation", ["tanh", "logistic", "relu", "elu"])
def test_it_learns_at_both_levels(tmp_path, book, level, activation):
    found = results(
        tmp_path, "--train", book, *SHORT, "--max_iter", 400, "--level", level,
        "--activate_f", activation, "--lr", 0.1,
    )
    first, *_, last = found["losses"]
    assert last["training"] < first["training"] - 0.2
    assert last["held_out"] < np.log(found["symbols"]) - 1


def test_losses_are_nats_per_symbol(tmp_path, book):
    nothing_learned = results(tmp_path, "--train", book, "--max_iter", 0, "--hidden", 3)
    (row,) = nothing_learned["losses"]
    assert abs(row["held_out"] - np.log(nothing_learned["symbols"])) < 0.5
    assert row["training"] is None


def test_the_held_out_loss_is_that_of_the_end_of_the_text(tmp_path, book):
    def last(text):
        (tmp_path / "text").write_text(text, encoding="utf-8")
        flags = ("--train", tmp_path / "text", *SHORT, "--valid", 0.25)
        return results(tmp_path, *flags)["losses"][-1]

    usual, strange = last(TEXT), last(TEXT[:-100] + TEXT[:-101:-1])
    assert strange["training"] == usual["training"]
    assert strange["held_out"] > usual["held_out"]


def test_zero_is_honoured(tmp_path, book, capsys):
    zeros = ("--valid", 0, "--sample_n", 0, "--snapshot_t", 0, "--seed", 0)
    (row,) = results(tmp_path, "--train", book, "--hidden", 4, "--max_iter", 30, *zeros)["losses"]
    assert row["held_out"] is None
    assert capsys.readouterr().out == f"iteration 30, training loss {row['training']:.4f}\n"
    assert elman.Run(elman.parse(["--grad_clip", "0"])).optimizer.clip is None


def test_a_sample_uses_the_trained_activation(book, monkeypatch):
    seen = []
    monkeypatch.setattr(
        elman, "sample",
        lambda network, *rest: seen.append(network.cell.activation.name) or np.zeros(1, int),
    )
    assert run("--train", book, *SHORT, "--activate_f", "elu") == 0
    assert seen == ["elu"] * 3


@pytest.mark.parametrize("level", ["char", "word"])
@pytest.mark.parametrize("optimizer", elman.OPTIMIZERS)
def test_a_resumed_run_equals_an_uninterrupted_one(tmp_path, book, optimizer, level, capsys):
    flags = ("--train", book, *SHORT, "--batch", 2, "--optimizer", optimizer, "--level", level)
    assert run(*flags, "--save", tmp_path / "whole") == 0
    whole = capsys.readouterr().out
    assert run(*flags, "--max_iter", 40, "--save", tmp_path / "part") == 0
    assert run(*flags, "--resume", tmp_path / "part", "--save", tmp_path / "both") == 0
    assert capsys.readouterr().out == whole
    expected, given = saved(tmp_path / "whole"), saved(tmp_path / "both")
    assert expected.keys() == given.keys()
    for name in expected:
        assert np.array_equal(expected[name], given[name]), name


@pytest.mark.skipif(sys.platform == "win32", reason="Windows has no SIGINT for one child alone")
def test_ctrl_c_saves_and_another_process_goes_on_bit_for_bit(tmp_path, book):
    flags = ("--train", book, "--hidden", 9, "--snapshot_t", 50, "--sample_n", 5)
    stopped = tmp_path / "stopped"
    process = subprocess.Popen(
        command(*flags, "--max_iter", 10**6, "--save", stopped),
        env=environment(), stdout=subprocess.PIPE, stderr=subprocess.PIPE, encoding="utf-8",
        # Where the tests run in the background, a child would not hear Ctrl-C.
        preexec_fn=lambda: signal.signal(signal.SIGINT, signal.default_int_handler),
    )
    process.stdout.readline()  # now it trains
    process.send_signal(signal.SIGINT)
    _, errors = process.communicate(timeout=60)
    assert process.returncode == 130
    step = json.loads(str(saved(stopped)["about"]))["step"]
    assert errors == f"stopped at iteration {step}\n"
    more = (*flags, "--max_iter", step + 120)
    assert child(*more, "--resume", stopped, "--save", tmp_path / "both").returncode == 0
    assert child(*more, "--save", tmp_path / "whole").returncode == 0
    expected, given = saved(tmp_path / "whole"), saved(tmp_path / "both")
    for name in ("theta", "log", "memory.r", "memory.sizes", "memory.history"):
        assert np.array_equal(expected[name], given[name]), name


@pytest.mark.parametrize("optimizer", ["adagrad", "sgd"])
def test_words_that_rest_cost_nothing_and_change_nothing(tmp_path, book, optimizer, monkeypatch):
    flags = ("--train", book, *SHORT, "--level", "word", "--optimizer", optimizer, "--lr", 0.1)
    losses = results(tmp_path, *flags)["losses"]
    run = elman.Run(elman.parse([str(flag) for flag in flags]))
    assert isinstance(run.optimizer.inner, Lazy) and isinstance(run.network, ClassNetwork)
    monkeypatch.setattr(elman, "LEFT_ALONE", ())
    for one, other in zip(losses, results(tmp_path, *flags)["losses"], strict=True):
        assert one == pytest.approx(other, abs=1e-4)


def test_the_learning_rate_falls_in_a_straight_line(tmp_path, book, monkeypatch):
    used, step = [], SGD.step
    monkeypatch.setattr(
        SGD, "step", lambda self, *rest: used.append(self.lr) or step(self, *rest)
    )
    flags = ("--train", book, *SHORT, "--optimizer", "sgd", "--lr", 0.8, "--last_lr", 0)
    assert run(*flags, "--max_iter", 4) == 0
    assert used == pytest.approx([0.8, 0.6, 0.4, 0.2])


@pytest.mark.parametrize("cell", ["gru", "lstm"])
def test_other_cells_learn_too(tmp_path, book, cell):
    flags = ("--train", book, *SHORT, "--max_iter", 300, "--cell", cell, "--lr", 0.1)
    first, *_, last = results(tmp_path, *flags)["losses"]
    assert last["held_out"] < first["held_out"] - 0.2


@pytest.mark.slow
def test_relu_survives_the_defaults(tmp_path):
    losses = results(tmp_path, "--activate_f", "relu", "--sample_n", 0)["losses"]
    assert losses[-1]["iteration"] == 10000
    assert losses[-1]["held_out"] < losses[0]["held_out"]
    assert max(row["training"] for row in losses) < 5


def test_the_recorder_notes_gradients_before_and_after_clipping():
    network = Network(4, 3, 4)
    recorder = Recorder(SGD(lr=1.0, clip=0.01), network)
    rng = np.random.default_rng(0)
    theta, x = network.initial(rng), rng.integers(0, 4, (6, 2))
    objective = network.objective(Batch(x, x))
    g = network.params(objective.grad(theta))
    new, _, _, norm = recorder.step(theta, objective, {})
    (row,) = recorder.log
    before, after = np.reshape(row, (2, 3))
    assert recorder.names == ["W_xh", "W_hh", "W_hy"]
    np.testing.assert_allclose(before, [np.linalg.norm(g[name]) for name in recorder.names], 1e-5)
    step = network.params(theta - new)  # with lr 1 the step is the clipped gradient
    np.testing.assert_allclose(after, [np.linalg.norm(step[n]) for n in recorder.names], 1e-3)
    assert norm > 0.01 >= np.linalg.norm(after)


@pytest.mark.parametrize("steps", [0, 1, 60])
def test_the_plot_is_a_picture(tmp_path, book, steps):
    flags = ("--train", book, *SHORT, "--max_iter", steps, "--plot", tmp_path / "plot.png")
    assert run(*flags) == 0
    picture = Image.open(io.BytesIO((tmp_path / "plot.png").read_bytes()))
    assert picture.format == "PNG" and len(picture.getcolors()) > 4


@pytest.mark.parametrize(
    "flags, words",
    [
        (["-activate_f", "swish"], ["swish", "tanh", "relu"]),
        (["-activate_f", "relu", "--cell", "gru"], ["relu", "elman only", "gru"]),
        (["--train", "missing.txt"], ["missing.txt", "No such file"]),
        (["--train", "empty.txt"], ["empty.txt", "no text"]),
        (["--train", "latin.txt"], ["latin.txt", "not UTF-8"]),
        (["--train", "."], []),
        (["--seq_length", "5000"], ["5000", "longer text"]),
        (["--hidden", "0"], ["--hidden: '0'", "1 or more"]),
        (["--hidden", "-3"], ["hidden", "'-3'"]),
        (["--batch", "0"], ["--batch: '0'", "1 or more"]),
        (["--seq_length", "0"], ["--seq_length: '0'", "1 or more"]),
        (["--lr", "0"], ["lr is 0", "above 0"]),
        (["--last_lr", "-1"], ["last_lr is -1", "below 0"]),
        (["--grad_clip", "-1"], ["--grad_clip: '-1'", "0: no limit"]),
        (["--grad_clip", "nan"], ["--grad_clip: 'nan'", "0: no limit"]),
        (["--grad_clip", "none"], ["--grad_clip: 'none'", "0: no limit"]),
        (["--valid", "1"], ["1.0", "fraction"]),
        (["--max_iter", "many"], ["max_iter", "'many'"]),
        (["--resume", "missing"], ["missing", "No such file"]),
        (["--resume", "damaged"], ["damaged", "not a checkpoint"]),
        (["--resume", "finished"], ["60 iterations already"]),
        (["--resume", "finished", "--max_iter", "90", "--batch", "3"], ["batch 1, not 3"]),
        (["--resume", "finished", "--max_iter", "90", "--hidden", "8"], ["another network"]),
        (["--save", "no folder/x"], ["cannot be written"]),
        (["--recurrence", "1"], ["--recurrence"]),
    ],
)
def test_bad_input_gets_one_sentence(tmp_path, book, monkeypatch, capsys, flags, words):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "empty.txt").write_bytes(b"")
    (tmp_path / "latin.txt").write_bytes("Öl".encode("latin-1"))
    if "--resume" in flags:
        assert run("--train", book, *SHORT, "--save", "finished") == 0
        data = (tmp_path / "finished").read_bytes()
        (tmp_path / "damaged").write_bytes(data[: len(data) // 2])
        capsys.readouterr()
    assert run("--train", book, *SHORT, *flags) == 2
    out, err = capsys.readouterr()
    assert out == "" and err.count("\n") == 1 and "Traceback" not in err
    assert all(word in err for word in words), err


def test_another_text_is_no_text_to_go_on_with(tmp_path, book, capsys):
    assert run("--train", book, *SHORT, "--save", tmp_path / "saved") == 0
    (tmp_path / "other").write_text(TEXT[::-1], encoding="utf-8")
    flags = ("--train", tmp_path / "other", *SHORT, "--max_iter", 90)
    assert run(*flags, "--resume", tmp_path / "saved") == 2
    assert "text" in capsys.readouterr().err


@pytest.mark.parametrize("valid", [0, 0.1])
def test_divergence_stops_with_a_sentence_and_keeps_a_good_state(tmp_path, book, capsys, valid):
    wild = ("--optimizer", "sgd", "--lr", 1e38, "--snapshot_t", 1, "--valid", valid)
    code = run("--train", book, *SHORT, *wild, "--grad_clip", 0, "--save", tmp_path / "good")
    assert code == 1
    err = capsys.readouterr().err
    assert err.count("\n") == 1 and "smaller learning rate (--lr), or --grad_clip 1." in err
    assert "clip=" not in err
    assert np.isfinite(saved(tmp_path / "good")["theta"]).all()


def test_a_reader_who_leaves_early_sees_no_traceback(book):
    process = subprocess.Popen(
        command("--train", book, *SHORT, "--max_iter", 3000), env=environment(),
        stdout=subprocess.PIPE, stderr=subprocess.PIPE, encoding="utf-8",
    )
    process.stdout.readline()
    process.stdout.close()
    assert process.stderr.read() == ""
    process.stderr.close()
    process.wait(timeout=60)


@pytest.mark.skipif(sys.platform == "win32", reason="Windows has no pseudo-terminals")
def test_a_terminal_sees_a_progress_bar(book):
    ours, theirs = os.openpty()
    process = subprocess.run(
        command("--train", book, *SHORT), env=environment(), stdout=subprocess.PIPE, stderr=theirs,
        encoding="utf-8", timeout=60,
    )
    os.close(theirs)
    seen = os.read(ours, 10000).decode()
    os.close(ours)
    assert "60 of 60, loss" in seen and "#" * 30 in seen
    assert process.stdout == child("--train", book, *SHORT).stdout
