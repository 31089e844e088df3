"""Small grammars with exact next-symbol probabilities, computed and not sampled."""

import numpy as np


class TemplateGrammar:
    """An endless stream of sentences: draw a template, fill each slot with one of its words.

    `templates` is a list of sentences, each a list of slots, each a list of words. Templates are
    drawn with equal probability, and so are the words of a slot. Sentences follow each other
    without any mark between them, so a reader of the stream must find their borders.
    """

    def __init__(self, templates):
        self.templates = [[list(slot) for slot in template] for template in templates]
        self.symbols = sorted({word for t in self.templates for slot in t for word in slot})
        self._ids = {word: i for i, word in enumerate(self.symbols)}
        slots = [slot for template in self.templates for slot in template]
        # The stream is a hidden Markov model. A state says which slot is to be filled next.
        self._emission = np.zeros((len(slots), len(self.symbols)))
        for state, slot in enumerate(slots):
            self._emission[state, [self._ids[word] for word in slot]] = 1 / len(slot)
        lengths = [len(template) for template in self.templates]
        ends = np.cumsum(lengths)
        self._start = np.zeros(len(slots))
        self._start[ends - lengths] = 1 / len(lengths)
        self._transition = np.eye(len(slots), k=1)
        self._transition[ends - 1] = self._start

    def sentences(self, rng, n):
        """Return `n` sentences, lists of words."""
        picks = rng.integers(len(self.templates), size=n)
        return [[str(rng.choice(slot)) for slot in self.templates[k]] for k in picks]

    def encode(self, words):
        """Return the integers of `words`, (n,); ValueError names a word the grammar lacks."""
        for place, word in enumerate(words):
            if word not in self._ids:
                raise ValueError(f"word {word!r} at position {place} is not in this grammar")
        return np.array([self._ids[word] for word in words], dtype=np.intp)

    def next_symbol_probabilities(self, ids):
        """Return P(next word | all words so far), (n, V): row t follows ids[t], row sums are 1.

        The stream must begin at the start of a sentence. The forward algorithm of hidden Markov
        models keeps the probability of every slot, given all that was read; so the borders of
        sentences are inferred, as a net has to infer them. Source: Rabiner (1989), section III.A.
        Raises ValueError where the grammar cannot have made the stream.
        """
        belief, rows = self._start, []
        for t, word in enumerate(ids):
            belief = belief * self._emission[:, word]
            if belief.sum() == 0:
                raise ValueError(
                    f"this grammar never puts {self.symbols[word]!r} at position {t} of this stream"
                )
            belief = (belief / belief.sum()) @ self._transition
            rows.append(belief @ self._emission)
        return np.array(rows)


def words_as_templates(words):
    """Return the grammar that writes `words` letter by letter, without spaces between them."""
    return TemplateGrammar([[[letter] for letter in word] for word in words])


# Elman (1990), tables 3 and 4. The tables give two words a category as examples; the other words
# are those of his figure 7, put into the categories that their meaning asks for.
CATEGORIES = {
    "NOUN-HUM": "man woman boy girl",
    "NOUN-ANIM": "cat mouse dog",
    "NOUN-INANIM": "book rock car",
    "NOUN-AGRESS": "dragon monster lion",
    "NOUN-FRAG": "glass plate",
    "NOUN-FOOD": "cookie bread sandwich",
    "VERB-INTRAN": "think sleep exist",
    "VERB-TRAN": "see chase like",
    "VERB-AGPAT": "move break",
    "VERB-PERCEPT": "smell see",
    "VERB-DESTROY": "break smash",
    "VERB-EAT": "eat",
}
TEMPLATES = """
    NOUN-HUM VERB-EAT NOUN-FOOD
    NOUN-HUM VERB-PERCEPT NOUN-INANIM
    NOUN-HUM VERB-DESTROY NOUN-FRAG
    NOUN-HUM VERB-INTRAN
    NOUN-HUM VERB-TRAN NOUN-HUM
    NOUN-HUM VERB-AGPAT NOUN-INANIM
    NOUN-HUM VERB-AGPAT
    NOUN-ANIM VERB-EAT NOUN-FOOD
    NOUN-ANIM VERB-TRAN NOUN-ANIM
    NOUN-ANIM VERB-AGPAT NOUN-INANIM
    NOUN-ANIM VERB-AGPAT
    NOUN-INANIM VERB-AGPAT
    NOUN-AGRESS VERB-DESTROY NOUN-FRAG
    NOUN-AGRESS VERB-EAT NOUN-HUM
    NOUN-AGRESS VERB-EAT NOUN-ANIM
    NOUN-AGRESS VERB-EAT NOUN-FOOD
"""


def elman_1990():
    """Return Elman's grammar of 29 words in 16 sentence templates.

    Source: Elman (1990), "Finding structure in time", Cognitive Science 14, tables 3 and 4.
    """
    templates = [line.split() for line in TEMPLATES.strip().splitlines()]
    return TemplateGrammar([[CATEGORIES[name].split() for name in line] for line in templates])
