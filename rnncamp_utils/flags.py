"""The flags of the command line `rnncamp_utils.elman`, and what they mean."""

import argparse
from pathlib import Path

from . import optimizers
from .activations import ACTIVATIONS
from .family import CELLS

NAMES = ("SGD", "Momentum", "Nesterov", "Adagrad", "RMSprop", "Adadelta", "Adam")
OPTIMIZERS = {name.lower(): getattr(optimizers, name) for name in NAMES}
REFUSED = 2  # the exit code for settings that make no run


class Parser(argparse.ArgumentParser):
    """A parser that says in one sentence what is wrong."""

    def error(self, message):
        self.exit(REFUSED, f"{message}\n")


def parse(argv=None):
    """Return the settings in `argv`; every flag has one dash or two."""
    parser = Parser(
        prog="python -m rnncamp_utils.elman", allow_abbrev=False,
        description="Train one recurrent net to predict a text, symbol by symbol.",
        formatter_class=argparse.ArgumentDefaultsHelpFormatter,
    )

    def flag(name, help, **options):
        parser.add_argument(f"-{name}", f"--{name}", help=help, **options)

    flag("activate_f", "activation of an Elman net", default="tanh", choices=ACTIVATIONS)
    flag("cell", "kind of hidden unit", default="elman", choices=("elman", *CELLS))
    flag("grad_clip", "largest norm of the gradient; 0: no limit", default=1.0, type=limit)
    flag("hidden", "number of hidden units", default=100, type=counting)
    flag("lr", "learning rate", default=0.01, type=float)
    flag("last_lr", "learning rate at the end, reached in a straight line", type=float)
    flag("max_iter", "iterations in all, resumed ones included", default=10000, type=whole)
    flag("sample_n", "symbols in each sample; 0: no samples", default=50, type=whole)
    flag("seed", "seed of weights and samples", default=1, type=whole)
    flag("seq_length", "steps that the gradient goes back", default=25, type=counting)
    flag("snapshot_t", "iterations between two reports; 0: only the last", default=100, type=whole)
    program = Path(__file__).with_name("elman.py")
    flag("train", "text to learn, in UTF-8", default=program, type=Path)
    flag("level", "what a symbol is", default="char", choices=("word", "char"))
    flag("valid", "fraction of the text that is held out; 0: none", default=0.1, type=float)
    flag("optimizer", "rule of the update", default="adagrad", choices=OPTIMIZERS)
    flag("batch", "sequences that are read side by side", default=1, type=counting)
    flag("save", "checkpoint to write at the end, or when stopped", type=Path)
    flag("resume", "checkpoint to go on from", type=Path)
    flag("plot", "PNG file for losses and gradient sizes", type=Path)
    flag("json", "file for settings and losses", type=Path)
    args = parser.parse_args(argv)
    if args.cell != "elman" and args.activate_f != "tanh":
        parser.error(f"--activate_f {args.activate_f} is for --cell elman only, not {args.cell}")
    if args.last_lr is not None and not args.last_lr >= 0:
        parser.error(f"last_lr is {args.last_lr}, but a learning rate cannot be below 0")
    for path in filter(None, (args.save, args.plot, args.json)):
        if path.is_dir() or not path.parent.is_dir():  # better now than after an hour of training
            parser.error(f"{path} cannot be written: name a file in a folder that exists")
    return args


def whole(text, least=0):
    """Return the whole number that `text` holds, `least` or more."""
    if not text.isdecimal() or int(text) < least:
        raise argparse.ArgumentTypeError(f"{text!r} is not a whole number, {least} or more")
    return int(text)


def counting(text):
    """Return the whole number that `text` holds, 1 or more."""
    return whole(text, least=1)


def limit(text):
    """Return the largest norm that `text` holds, 0 or more."""
    try:
        if float(text) >= 0:
            return float(text)
    except ValueError:
        pass
    raise argparse.ArgumentTypeError(f"{text!r} is no norm: give a number above 0, or 0: no limit")
