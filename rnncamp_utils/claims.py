"""Claims: results that the prose states, asserted where they are stated."""


def claim(sentence, holds):
    """Print `sentence` with a tick, or stop the notebook when it does not hold.

    Raises AssertionError when `holds` is false.
    """
    if not holds:
        raise AssertionError(f"this claim does not hold here: {sentence}")
    print(f"✔ {sentence}")
