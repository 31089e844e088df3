"""Each peer of a race in a process of its own, as whoever uses it alone would run it.

Within one process peers decide each other's times. Whether the memory of an array goes back to the
system when it is let go, to be fetched anew in the next step, depends on what else was allocated
and freed before: autograd's step at H = 256 takes 1,600 page faults alone, none beside PyTorch.
All processes share one processor core: the cores of a machine are not always equally fast.
"""

import multiprocessing
import os
import time
from functools import partial
from itertools import cycle, islice


class Absent(Exception):
    """A peer is not installed, or cannot take part."""


class Apart:
    """A peer in a process of its own. `make()` makes it there, and must be importable by name.

    Raises Absent, saying why, where `make` raises ImportError or Absent.
    """

    def __init__(self, make):
        context = multiprocessing.get_context("spawn")  # nothing comes along but the environment
        self._pipe, theirs = context.Pipe()
        self._process = context.Process(target=_serve, args=(make, theirs), daemon=True)
        self._process.start()
        theirs.close()
        if why := self._pipe.recv():
            raise Absent(why)

    def _ask(self, function, *arguments):
        self._pipe.send((function, arguments))
        return self._pipe.recv()

    def step(self, i):
        """Train on batch `i`; return the loss."""
        return self._ask(_step, i)

    def theta(self):
        """Return the parameters now, in the order of the package's flat vector."""
        return self._ask(_theta)

    def stretch(self, steps):
        """Return the CPU time of one of `steps` steps, in microseconds."""
        return self._ask(_stretch, steps)

    def stop(self):
        """End the process."""
        self._pipe.close()
        self._process.join()


def field(names, make):
    """Return (the peers by name, each made by `make(name)`; why each of the others is absent)."""
    if hasattr(os, "sched_setaffinity"):  # Linux; the peers inherit it
        os.sched_setaffinity(0, {max(os.sched_getaffinity(0))})
    peers, absent = {}, {}
    for name in names:
        try:
            peers[name] = Apart(partial(make, name))
        except Absent as why:
            absent[name] = str(why)
    return peers, absent


def _serve(make, pipe):
    """What a peer's process does: make the peer, then whatever is asked, until the pipe closes."""
    try:
        peer = make()
    except (ImportError, Absent) as error:
        pipe.send(str(error))
        return
    pipe.send("")
    while True:
        try:
            function, arguments = pipe.recv()
        except EOFError:
            return
        pipe.send(function(peer, *arguments))


def _step(peer, i):
    return float(peer.step(peer.data[i]))


def _theta(peer):
    return peer.theta


def _stretch(peer, steps):
    data = list(islice(cycle(peer.data), steps))
    peer.step(data[0])  # not counted: it finds the caches full of what another peer left
    begin = time.process_time()
    for one in data:
        peer.step(one)
    return (time.process_time() - begin) / steps * 1e6
