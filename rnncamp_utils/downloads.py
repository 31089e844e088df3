"""Texts from elsewhere: fetched once, checked, and kept in a cache folder."""

import hashlib
import os
import urllib.request
from http.client import HTTPException
from pathlib import Path
from typing import NamedTuple

from .corpora import read_text

MIRROR = "RNNCAMP_MIRROR"  # names a folder, or an address, that has the files instead


class Download(NamedTuple):
    """A file and how to know that it is the right one."""

    name: str
    folder: str  # its address, without the file's name there
    there: str
    size: int  # bytes
    sha256: str


# About a million letters of Shakespeare's plays, which belong to everybody; put together for
# char-rnn (Karpathy 2015).
TINY_SHAKESPEARE = Download(
    "tinyshakespeare.txt",
    "https://raw.githubusercontent.com/karpathy/char-rnn/master/data/tinyshakespeare",
    "input.txt",
    1_115_394,
    "86c4e6aa9db7c042ec79f339dcb96d42b0075e16b8fc2e86bf0ca57e2dc565ed",
)


class DownloadError(OSError):
    """A file could not be fetched, or is not the one that was meant."""

    def __init__(self, what, why):
        super().__init__(
            f"{what.name} could not be fetched: {why}. The course goes on without it: "
            "corpora.standard_library() is a real text on this computer, corpora.book_prose() is "
            f"this book. If you have the file, name its folder in the variable {MIRROR}."
        )


def tiny_shakespeare():
    """Return Tiny Shakespeare, 1,115,394 characters; downloaded when it is first asked for.

    Raises `DownloadError`, which names other texts, when that fails.
    """
    return read_text(fetch(TINY_SHAKESPEARE))


def cache_folder():
    """Return the folder of this user's downloads, as the system's habits have it."""
    system = os.environ.get("XDG_CACHE_HOME") or os.environ.get("LOCALAPPDATA")
    return Path(system or Path.home() / ".cache") / "rnncamp"


def fetch(what):
    """Return the path of the file `what`, a `Download`: from the cache, else from its address.

    The environment variable RNNCAMP_MIRROR names a folder or an address to be asked instead.
    The file is checked, then renamed into its place: there is a right one, or none.
    Raises `DownloadError`.
    """
    path = cache_folder() / what.name
    if path.is_file() and _complaint(what, path.read_bytes()) is None:
        return path
    try:
        data = _read(what, _address(what))
    except (OSError, HTTPException) as error:  # no network, no such file, a time-out, …
        raise DownloadError(what, error) from error
    complaint = _complaint(what, data)
    if complaint:
        raise DownloadError(what, complaint)
    path.parent.mkdir(parents=True, exist_ok=True)
    part = path.with_name(f"{path.name}.{os.getpid()}.part")
    part.write_bytes(data)
    os.replace(part, path)
    return path


def _address(what):
    mirror = os.environ.get(MIRROR)
    if not mirror:
        return f"{what.folder}/{what.there}"
    folder = mirror if "://" in mirror else Path(mirror).resolve().as_uri()
    return f"{folder}/{what.name}"


def _read(what, address):
    """Return the bytes at `address`, and show how many of them are here."""
    parts, done = [], 0
    with urllib.request.urlopen(address, timeout=30) as source:
        # A wrong address may answer without end: one byte too many is enough to know.
        while part := source.read(min(65536, what.size + 1 - done)):
            parts.append(part)
            done += len(part)
            print(f"\r{what.name}: {done / what.size:4.0%}", end="", flush=True)
    print()
    return b"".join(parts)


def _complaint(what, data):
    """Return what is wrong with the bytes `data`, or None."""
    if len(data) != what.size:
        return f"{len(data):,} bytes came{' or more' * (len(data) > what.size)}, not {what.size:,}"
    if hashlib.sha256(data).hexdigest() != what.sha256:
        return "the file that came is another one (its sha256 does not fit)"
    return None
