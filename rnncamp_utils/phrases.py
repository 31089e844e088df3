"""Simple English from a grammar: text of which the best possible score is known exactly.

Subjects and verbs agree, also across relative clauses: "the dogs that a cat chases bark ." After
any words of a sentence there is one state the grammar can be in (it is *unifilar*). So the exact
probabilities of the next word and letter are known, and so is the entropy: what no model beats.
"""

import numpy as np

from .corpora import Vocabulary

NOUNS = {
    "singular": "dog cat boy girl bird farmer teacher mouse child".split(),
    "plural": "dogs cats boys girls birds farmers teachers mice children".split(),
}
TRANSITIVE = {
    "singular": "chases sees hears follows feeds likes".split(),
    "plural": "chase see hear follow feed like".split(),
}
INTRANSITIVE = {
    "singular": "barks sleeps sings runs waits laughs".split(),
    "plural": "bark sleep sing run wait laugh".split(),
}
NUMBERS = tuple(NOUNS)
# What may come before a noun, how often, and the numbers it goes with.
DETERMINERS = {"the": (0.6, NUMBERS), "a": (0.2, NUMBERS[:1]), "some": (0.2, NUMBERS[1:])}
RELATIVE_CLAUSE = 0.3  # the part of all nouns that have one, where another may still be opened


# The rules. A plan is what is still to be said: a tuple of parts, the next one first; a part is a
# rule and its details. Each rule returns {next word: (probability, plan after it)}. `depth` is how
# many more relative clauses may be opened inside each other.


def choices(plan):
    """Return what may come next, {word: (probability, plan after it)}."""
    (rule, *details), *rest = plan
    return rule(rest, *details)


def noun_phrase(rest, depth, verb):
    """A determiner, then a noun; `verb` is the rule for what it is the subject of, or None."""
    return {
        word: (p, ((noun, depth, verb, numbers), *rest))
        for word, (p, numbers) in DETERMINERS.items()
    }


def noun(rest, depth, verb, numbers):
    """A noun in one of the `numbers`, which its verb will have to remember."""
    return {
        word: (
            1 / len(numbers) / len(NOUNS[number]),
            ((clause, depth, number), *([(verb, depth, number)] if verb else []), *rest),
        )
        for number in numbers
        for word in NOUNS[number]
    }


def clause(rest, depth, number):
    """A relative clause, or none: then what comes next is the rest's."""
    if depth == 0:
        return choices(rest)
    others = {word: ((1 - RELATIVE_CLAUSE) * p, plan) for word, (p, plan) in choices(rest).items()}
    return {"that": (RELATIVE_CLAUSE, ((relative, depth - 1, number), *rest)), **others}


def relative(rest, depth, number):
    """The noun is the clause's subject ("that chases a cat") or object ("that a cat chases")."""
    about_subject = predicate(rest, depth, number)
    about_object = noun_phrase(rest, depth, transitive_verb)
    return {
        word: (p / 2, plan) for word, (p, plan) in {**about_subject, **about_object}.items()
    }


def predicate(rest, depth, number):
    """An intransitive verb, or a transitive one and its object."""
    alone = {word: (0.5 / len(INTRANSITIVE[number]), tuple(rest)) for word in INTRANSITIVE[number]}
    acting = transitive_verb([(noun_phrase, depth, None), *rest], depth, number)
    return {**alone, **{word: (p / 2, plan) for word, (p, plan) in acting.items()}}


def transitive_verb(rest, depth, number):
    return {word: (1 / len(TRANSITIVE[number]), tuple(rest)) for word in TRANSITIVE[number]}


def end(rest):
    return {".": (1.0, ())}


class SimpleEnglish:
    """Sentences of simple English, and their exact probabilities and entropy.

    `depth` is how many relative clauses may be open at once: 0 (none), 1, 2, …; each more doubles
    the number of states or worse. Words are `symbols`; in letters, each word is followed by a space
    and each full stop by a new line. Raises ValueError for a depth below 0.
    """

    def __init__(self, depth=2):
        if depth < 0:
            raise ValueError(f"depth is {depth}, but it cannot be below 0")
        plans = [((noun_phrase, depth, predicate), (end,))]
        states, rules = {plans[0]: 0}, []
        for plan in plans:  # `plans` grows until every plan that can follow is in it
            rules.append(choices(plan))
            for _, after in rules[-1].values():
                if after and after not in states:
                    states[after] = len(plans)
                    plans.append(after)
        self._vocabulary = Vocabulary([word for rule in rules for word in rule])
        self.symbols = self._vocabulary.symbols
        self._written = [word + ("\n" if word == "." else " ") for word in self.symbols]
        self.characters = Vocabulary("".join(self._written)).symbols
        self._p = np.zeros((len(plans), len(self.symbols)))  # P(word | state)
        self._next = np.full(self._p.shape, -1)  # the state after it; −1: no such sentence
        for state, rule in enumerate(rules):
            words = self.encode(rule)
            self._p[state, words] = [p for p, _ in rule.values()]
            self._next[state, words] = [states.get(after, 0) for _, after in rule.values()]

    def encode(self, words):
        """Return the integers of `words`, (n,); ValueError names a word the grammar lacks."""
        return self._vocabulary.encode(words)

    def sentences(self, rng, n):
        """Return `n` sentences, lists of words that end with a full stop."""
        sums, found, state = self._p.cumsum(axis=1), [[]], 0
        while len(found) <= n:
            # Words of probability 0 add nothing to the sum, and are passed over.
            word = np.searchsorted(sums[state], rng.random() * sums[state, -1], side="right")
            found[-1].append(self.symbols[word])
            state = self._next[state, word]
            if state == 0:
                found.append([])
        return found[:-1]

    def text(self, rng, n):
        """Return `n` sentences as one string, a line each."""
        return "".join(" ".join(sentence) + "\n" for sentence in self.sentences(rng, n))

    def next_symbol_probabilities(self, ids):
        """Return P(next word | all words so far), (n, V): row t follows ids[t].

        The words must begin at the start of a sentence.
        Raises ValueError where the grammar cannot have made them.
        """
        state, states = 0, []
        for t, word in enumerate(ids):
            state = self._after(state, word, t)
            states.append(state)
        return self._p[states]

    def next_character_probabilities(self, text):
        """Return P(next letter | all so far), (n, len(`characters`)): row t follows text[t].

        The text must begin at the start of a sentence.
        Raises ValueError where the grammar cannot have made it.
        """
        state, prefix, rows, known = 0, "", [], {}
        for t, character in enumerate(text):
            prefix += character
            if prefix in self._written:
                state, prefix = self._after(state, self._written.index(prefix), t), ""
            if (state, prefix) not in known:
                known[state, prefix] = self._spelled(state, prefix)
            if known[state, prefix] is None:
                raise ValueError(f"this grammar never writes {prefix!r} up to position {t}")
            rows.append(known[state, prefix])
        return np.array(rows).reshape(-1, len(self.characters))

    def _after(self, state, word, t):
        """Return the state after `word`, or raise ValueError with its position `t`."""
        if self._next[state, word] < 0:
            raise ValueError(f"this grammar never puts {self.symbols[word]!r} at position {t}")
        return self._next[state, word]

    def _spelled(self, state, prefix):
        """Return P(next letter | state, letters of the word so far), or None where impossible."""
        p = np.zeros(len(self.characters))
        for word, written in enumerate(self._written):
            if written.startswith(prefix):
                p[self.characters.index(written[len(prefix)])] += self._p[state, word]
        return p / p.sum() if p.sum() else None

    def entropy(self):
        """Return the entropy rate, (bits per word, bits per character): exact, not estimated.

        A sentence visits each state so many times on average that the visits are those of the
        first state and those that the visits before bring: v = e₀ + Qᵀ v. The entropy of a
        sentence is Σ v·H(next word), for the words tell the state; the rates are this entropy
        over the sentence's mean length. Source: Shannon (1948), theorem 5; Cover & Thomas, 4.2.
        """
        states, words = np.nonzero(self._p)
        follows = self._next[states, words]
        inside = follows > 0  # state 0 begins the next sentence
        Q = np.zeros((len(self._p), len(self._p)))
        np.add.at(Q, (states[inside], follows[inside]), self._p[states, words][inside])
        visits = np.linalg.solve(np.eye(len(Q)) - Q.T, np.eye(len(Q))[0])
        p = self._p[states, words]
        bits = -visits[states] @ (p * np.log2(p))
        letters = np.array([len(written) for written in self._written])
        length = visits[states] @ (p * letters[words])
        return float(bits / visits.sum()), float(bits / length)
