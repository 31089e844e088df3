"""Text to integers and back: vocabularies, reading files, held-out parts."""

from pathlib import Path

import numpy as np


class Vocabulary:
    """The distinct symbols of a text, sorted, and their integers.

    `text` is a string (symbols are characters) or a list of words.
    Raises ValueError for an empty text.
    """

    def __init__(self, text):
        if len(text) == 0:
            raise ValueError("the text is empty: a vocabulary needs at least one symbol")
        self.symbols = sorted(set(text))
        self._ids = {symbol: i for i, symbol in enumerate(self.symbols)}
        self._joint = "" if isinstance(text, str) else " "

    def __len__(self):
        return len(self.symbols)

    def encode(self, text):
        """Return the integers of `text`, (n,).

        Raises ValueError naming the first symbol that is not in the vocabulary, and its place.
        """
        try:
            return np.array([self._ids[symbol] for symbol in text], dtype=np.intp)
        except KeyError as missing:
            symbol = missing.args[0]
            place = list(text).index(symbol)
            raise ValueError(
                f"symbol {symbol!r} at position {place} is not in the vocabulary of "
                f"{len(self)} symbols: build the vocabulary from a text that has it"
            ) from None

    def decode(self, ids):
        """Return the text of the integers `ids`.

        Raises ValueError naming the first integer that is no symbol's, and its place.
        """
        for place, i in enumerate(ids):
            if not 0 <= i < len(self):
                raise ValueError(
                    f"{i} at position {place} is no symbol: those are 0 to {len(self) - 1}"
                )
        return self._joint.join(self.symbols[i] for i in ids)


def read_text(path):
    """Return the text of a UTF-8 file, with or without BOM; line ends become a newline.

    Raises ValueError for an empty file or one that is not UTF-8.
    """
    data = Path(path).read_bytes()
    try:
        text = data.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise ValueError(
            f"{path} is not UTF-8: byte {data[error.start]:#04x} at position {error.start} does "
            'not fit. Save it as UTF-8 ("Save as…, encoding UTF-8" in most editors) and try again.'
        ) from None
    if not text.strip():
        raise ValueError(f"{path} holds no text: choose a file with some words in it")
    return text.replace("\r\n", "\n").replace("\r", "\n")


def split(sequence, held_out=0.1):
    """Return (training part, held-out part): the last `held_out` of the sequence is held out.

    Raises ValueError unless both parts get at least two symbols.
    """
    if not 0 < held_out < 1:
        raise ValueError(f"held_out is {held_out}: give a fraction between 0 and 1, such as 0.1")
    cut = len(sequence) - round(len(sequence) * held_out)
    if cut < 2 or len(sequence) - cut < 2:
        raise ValueError(f"a text of {len(sequence)} symbols is too short to hold out {held_out}")
    return sequence[:cut], sequence[cut:]
