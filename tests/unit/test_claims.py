"""Claims print what holds and stop at what does not."""

import numpy as np
import pytest

from rnncamp_utils.claims import claim


@pytest.mark.parametrize("holds", [True, np.True_, np.float64(0.2) < 0.3])
def test_a_claim_that_holds_is_printed_with_a_tick(capsys, holds):
    claim("the loss falls", holds)
    assert capsys.readouterr().out == "✔ the loss falls\n"


@pytest.mark.parametrize("holds", [False, np.False_, np.float64("nan") < 0.3])
def test_a_claim_that_does_not_hold_stops_with_its_sentence(capsys, holds):
    with pytest.raises(AssertionError, match="the loss falls"):
        claim("the loss falls", holds)
    assert capsys.readouterr().out == ""
