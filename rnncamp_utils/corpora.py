"""Texts, and text to integers and back: vocabularies, reading files, held-out parts."""

import json
import re
import sysconfig
from collections import Counter
from pathlib import Path

import numpy as np

NOTEBOOKS = Path(__file__).resolve().parents[1] / "notebooks"
UNKNOWN = "<unk>"


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


class OpenVocabulary(Vocabulary):
    """A vocabulary that can encode any text: symbol 0 stands for all that it does not know.

    Known are the symbols that stand in `text` at least `at_least` times; with 2 or more, a model
    learns from the others what comes before and after an unknown one. To score a text fairly, what
    is unknown must also be spelled out, or a model could win by knowing nothing: its cost is that
    of symbol 0 and `spelling_bits`. Raises ValueError where nothing would be known.
    """

    def __init__(self, text, at_least=1):
        counts = Counter(text)
        known = [symbol for symbol in text if counts[symbol] >= at_least and symbol != UNKNOWN]
        if counts and not known:
            raise ValueError(
                f"no symbol stands {at_least} times in the text: take a longer text, or a smaller "
                "at_least"
            )
        super().__init__(known)
        self._joint = "" if isinstance(text, str) else " "
        self.symbols.insert(0, UNKNOWN)
        self._ids = {symbol: i for i, symbol in enumerate(self.symbols)}

    def encode(self, text):
        """Return the integers of `text`, (n,): 0 for each symbol that is not known."""
        return np.array([self._ids.get(symbol, 0) for symbol in text], dtype=np.intp)

    def spelling_bits(self, text):
        """Return the bits that spell the unknown symbols of `text`: 8 for each byte in UTF-8.

        Where symbols are words, one byte more says that the word is over (UTF-8 leaves some free).
        """
        end = len(self._joint)
        return 8 * sum(
            len(symbol.encode()) + end for symbol in text if self._ids.get(symbol, 0) == 0
        )


def words(text):
    """Return the words, punctuation marks and line ends of `text`; spaces only divide them."""
    return re.findall(r"\w+(?:['’]\w+)*|[^\w\s]|\n", text)


def book_prose():
    """Return the text cells of this book's chapters, in their order.

    Raises FileNotFoundError where the package was installed without the book.
    """
    chapters = sorted(NOTEBOOKS.glob("*.ipynb"))
    if not chapters:
        raise FileNotFoundError(f"there are no chapters in {NOTEBOOKS}: is this a whole copy?")
    cells = [
        cell
        for path in chapters
        for cell in json.loads(path.read_text(encoding="utf-8"))["cells"]
    ]
    return "\n\n".join("".join(c["source"]) for c in cells if c["cell_type"] == "markdown") + "\n"


def standard_library(size=1_000_000):
    """Return the first `size` characters of the sources of the Python that runs this.

    They are the standard library's own modules, in the order of the alphabet: real text, some
    megabytes, on almost every computer; another version of Python has another text.
    Raises FileNotFoundError where Python came without them, ValueError unless `size` > 0.
    """
    if size < 1:
        raise ValueError(f"size is {size}, but a text needs at least 1 character")
    folder = Path(sysconfig.get_path("stdlib"))
    parts, found = [], 0
    for path in sorted(folder.glob("*.py")):
        if found >= size:
            break
        if path.stat().st_size:
            parts.append(read_text(path))
            found += len(parts[-1])
    if not parts:
        raise FileNotFoundError(f"this Python has no sources in {folder}: use another text")
    return "".join(parts)[:size]


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
