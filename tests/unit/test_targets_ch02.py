"""The answers that chapter 02 gives for its live targets hold; its scenes show what they say."""

from functools import lru_cache
from itertools import islice

import numpy as np
import pytest

from rnncamp_utils import gradcheck
from rnncamp_utils.language_models import sample
from rnncamp_utils.network import Network
from rnncamp_utils.widgets import CharacterNet, Echo, Player, WayBack, character_net
from rnncamp_utils.widgets.character_net import COLUMNS, OWN, ROWS, SHORTEST, WRITTEN, drawable
from rnncamp_utils.widgets.way_back import gradients_of_states, recall


def run(scene, steps, **changed):
    """Train a scene from its default controls, but for those that are `changed`."""
    settings = {control.name: control.default for control in scene.controls} | changed
    for state in islice(scene.train(settings), steps + 1):
        pass
    return state


def share_at_the_start(activation, steps, seed=0):
    scene = WayBack()
    state = run(scene, steps, activation=activation, seed=seed)
    return scene.flow(state.theta)[1][0]


@pytest.mark.parametrize("activation", ["tanh", "elu"])
def test_tanh_and_elu_open_the_way_back(activation):
    assert share_at_the_start(activation, 0) < 0.12
    assert share_at_the_start(activation, 100) > 0.6


def test_the_seed_matters_and_with_elu_the_gradient_grows_on_its_way():
    assert share_at_the_start("elu", 100) > 3
    for steps in (0, 25, 50, 75, 100):
        assert share_at_the_start("tanh", steps, seed=4) < 0.2


@pytest.mark.parametrize("activation", ["logistic", "relu"])
def test_logistic_and_relu_do_not_and_go_on_guessing(activation):
    for steps in (0, 50, 100):
        assert share_at_the_start(activation, steps) < 0.01
    scene = WayBack()
    run(scene, 100, activation=activation)
    assert scene.curve[-1][1] > 1.2


@pytest.mark.parametrize("activation", ["tanh", "logistic", "relu", "elu"])
def test_the_gradients_of_states_are_those_of_finite_differences(activation):
    rng = np.random.default_rng(0)
    net = Network(6, 5, 4, activation, dtype=np.float64)
    theta, batch = net.initial(rng), recall(rng, 4, 2)
    dh = gradients_of_states(net, theta, batch)
    # The start state of the last step alone is h at the step before it.
    h = net.forward(theta, batch.x)[1].h
    last = batch._replace(x=batch.x[-1:], y=batch.y[-1:], weights=batch.weights[-1:])

    def loss(state):
        return net.objective(last, (state.reshape(2, 5),)).loss(theta)

    expected = gradcheck.central_difference(loss, h[-2].ravel()).reshape(2, 5)
    assert gradcheck.relative_error(dh[-2], expected) < 1e-7
    # And the first state's, through all steps.
    rest = batch._replace(x=batch.x[1:], y=batch.y[1:], weights=batch.weights[1:])

    def whole(state):
        return net.objective(rest, (state.reshape(2, 5),)).loss(theta)

    expected = gradcheck.central_difference(whole, h[0].ravel()).reshape(2, 5)
    assert gradcheck.relative_error(dh[0], expected) < 1e-6


def test_sliding_the_time_step_moves_the_mark_without_a_training_step():
    scene = WayBack()
    state = run(scene, 3)
    scene.tune({control.name: control.default for control in scene.controls} | {"t": 4})
    scene.figure({"hidden": 16})
    artists = scene.draw(state)
    assert artists[-1].get_xdata() == [4]
    assert "at t = 4, 15 steps before the question" in scene.describe(state)


@lru_cache
def surprise(window, lag=5, seed=0):
    scene = Echo()
    run(scene, 300, window=window, lag=lag, seed=seed)
    values = [value for _, value in scene.curve]
    return min(values), values[-1]


def test_a_window_of_the_lag_plus_one_reaches_the_target_of_the_echo_and_no_shorter_one():
    assert max(surprise(6)) < 0.1 and max(surprise(7, lag=6)[1:]) < 0.1
    for window in (1, 2, 3, 4, 5):
        assert surprise(window)[0] > 0.1 and surprise(window)[1] > 0.25
    assert surprise(6, lag=6)[0] > 0.1


def test_with_a_lag_of_3_the_net_has_an_echo_of_its_own():
    assert min(surprise(1, lag=3, seed=seed)[0] for seed in range(3)) < 0.2


@lru_cache
def bits(**changed):
    scene = CharacterNet()
    run(scene, 300, **changed)
    return min(value for _, value in scene.curve)


def test_the_target_of_the_character_net_is_not_reached_by_default_but_as_answered():
    assert bits() > 0.9
    assert bits(lr=0.01) < 0.8 and bits(lr=0.02) < 0.8 and bits(lr=0.01, hidden=128) < 0.8


@pytest.mark.slow
def test_after_1000_steps_several_units_tell_a_space():
    scene = CharacterNet()
    state = run(scene, 1000, lr=0.01)
    h = scene.network.forward(state.theta, scene._snippet[:, None])[1].h[:, 0]
    space = scene._snippet == scene.vocabulary.encode(" ")[0]
    apart = np.abs(h[space].mean(axis=0) - h[~space].mean(axis=0))
    print(np.sort(apart)[::-1][:6].round(2))
    assert np.sum(apart > 0.8) >= 3


def test_the_reader_may_bring_a_text(tmp_path):
    path = tmp_path / "mine.txt"
    path.write_text("日本語のテキスト and a $price$ of\t5.\n" * 60, encoding="utf-8")
    scene = CharacterNet(path=path)
    player = Player(scene)
    for _ in range(3):
        player._step()
    player.draw()
    assert player.settings["text"] == OWN
    assert "your text, " in scene.describe(player.state)
    assert all(len(line) == WRITTEN for line in scene.write(player.state.theta))
    assert len(scene.unit(player.state.theta)) <= ROWS * COLUMNS
    player.close()


def test_a_text_that_is_too_short_or_no_text_or_not_there_is_refused(tmp_path):
    short, other = tmp_path / "short.txt", tmp_path / "other.txt"
    short.write_text("too short", encoding="utf-8")
    other.write_bytes(b"\xff\xfe\x00")
    with pytest.raises(ValueError, match=r"has \d+ characters, too few .* 1,000 or more"):
        Player(CharacterNet(path=short))
    with pytest.raises(ValueError, match="is not UTF-8"):
        Player(CharacterNet(path=other))
    with pytest.raises(ValueError, match="there is no file .*missing.txt"):
        CharacterNet(path=tmp_path / "missing.txt")


def test_the_shortest_text_that_is_taken_can_be_learned(tmp_path):
    path = tmp_path / "mine.txt"
    path.write_text(("abcdefg " * SHORTEST)[:SHORTEST], encoding="utf-8")
    player = Player(CharacterNet(path=path))
    player._step()
    player.draw()
    player.close()


def test_a_share_too_small_to_be_drawn_is_told_in_words():
    player = Player(WayBack())
    player.scene.network.params(player.state.theta)["W_hh"][...] = 0
    assert "At t = 0: less than 0.0001." in player.scene.describe(player.state)
    player.close()


def test_what_the_type_cannot_draw_is_drawn_as_a_box():
    assert drawable("a\tb\nc 日é") == "a→b↵c □é"


@pytest.mark.parametrize("text", ["this book", "Python"])
def test_other_texts_are_read(text):
    scene = CharacterNet()
    state = run(scene, 2, text=text)
    assert f"({text}, " in scene.describe(state)


def test_the_chosen_unit_colours_the_text():
    scene = CharacterNet()
    state = run(scene, 5)
    states = scene.network.forward(state.theta, scene._snippet[:, None])[1].h[:, 0]
    settings = {control.name: control.default for control in scene.controls}
    scene.figure(settings)
    for unit in (0, 9):
        scene.tune(settings | {"unit": unit})
        assert np.array_equal(scene.unit(state.theta), states[:, unit])
        assert np.array_equal(scene.draw(state)[-1].get_array(), states[:, unit])


def test_the_grey_curve_is_the_mean_training_loss_of_the_last_steps():
    scene = CharacterNet()
    state = run(scene, 12)
    scene.figure({control.name: control.default for control in scene.controls})
    steps, bits = scene.draw(state)[0].get_data()
    assert list(steps) == [2.5, 7.5]
    expected = [state.losses[:5].mean(), state.losses[5:10].mean()] / np.log(2)
    assert np.allclose(bits, np.minimum(expected, 6))


def test_at_a_temperature_near_0_the_likeliest_letters_are_written(monkeypatch):
    monkeypatch.setattr(character_net, "TEMPERATURES", (0.001,) * 3)
    scene = CharacterNet()
    theta = run(scene, 60, lr=0.01).theta
    letters = sample(scene.network, theta, None, WRITTEN, [scene._prime], temperature=0)
    assert scene.write(theta) == [scene.vocabulary.decode(letters)] * 3


def test_a_unit_that_a_small_net_does_not_have_is_its_last():
    scene = CharacterNet()
    state = run(scene, 0, hidden=8, unit=100)
    assert "those of unit 7." in scene.describe(state)
