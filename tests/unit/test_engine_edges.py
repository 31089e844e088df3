"""Edges of the engine that random testing found: odd types, odd nestings, odd numbers."""

import numpy as np
import pytest
from helpers import assert_close, make_case

from rnncamp_utils import gradcheck
from rnncamp_utils.batches import Batch
from rnncamp_utils.cells import GRU, LSTM, Elman
from rnncamp_utils.family import CELLS
from rnncamp_utils.network import Network
from rnncamp_utils.wrappers import Dropout, Zoneout


@pytest.mark.parametrize("kind", ["u1", "i2", "u4", "u8"])
@pytest.mark.parametrize("cell", ["tanh", *CELLS])
def test_symbols_may_be_integers_of_any_size(cell, kind):
    network = Network(250, 3, 250, cell)  # several blocks of 250 rows: more than a byte can count
    rng = np.random.default_rng(0)
    theta, symbols = network.initial(rng), rng.integers(0, 250, (2, 6, 2))
    expected = network.objective(Batch(*symbols)).grad(theta)
    given = network.objective(Batch(*symbols.astype(kind))).grad(theta)
    assert np.array_equal(given, expected)


@pytest.mark.parametrize("inside", [Elman(), LSTM(), GRU()], ids=lambda cell: cell.name)
@pytest.mark.parametrize("nested", [
    lambda cell: Zoneout(Zoneout(cell, 0.3), 0.2),
    lambda cell: Dropout(Dropout(cell, 0.3), 0.2),
    lambda cell: Dropout(Zoneout(Dropout(cell, 0.3), 0.2), 0.1),
], ids=["zoneout twice", "dropout twice", "dropout around all"])
def test_a_wrapper_may_hold_one_of_its_own_kind(nested, inside):
    network, theta, batch, start = make_case(nested(inside))
    objective = network.objective(batch, start, np.random.default_rng(9))
    expected = gradcheck.complex_step(objective.loss, theta)
    assert_close(network, objective.grad(theta), expected, 1e-12)
