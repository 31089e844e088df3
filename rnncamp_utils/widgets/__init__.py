"""Live pictures of training networks. Nothing else in the package imports ipywidgets."""

from .controls import Choice, Range
from .player import Player
from .scene import ElmanScene, Scene
from .sine_wave import SineWave
from .speller import Speller
from .temporal_xor import TemporalXor
from .word_kinds import WordKinds

__all__ = [
    "Choice", "ElmanScene", "Player", "Range", "Scene", "SineWave", "Speller", "TemporalXor",
    "WordKinds",
]
