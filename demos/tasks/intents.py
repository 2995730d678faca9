"""Requests to an assistant, written from templates: which of many intents does an utterance have?

An intent is an action on an object, "cancel a flight" or "pay a bill". Both can be said in several ways, in frames
("could you ... for me") and with slots (names, places, days, numbers). Three kinds of utterance:

train, test  of the intents of a stream. They have no frame and no filler in common, so that no utterance is met twice;
             the words for action and object are what they share
generic      of the other intents, for pre-training, in all frames and with all fillers. Every action and every object
             occurs, with other partners, but only in its common words: one in four is said in the stream alone
"""

from collections.abc import Sequence
from itertools import product

import numpy as np

from nested_core.config import check, one_of, whole

# Common words; then, behind the bar, those that generic text does not use.
ACTIONS = {
    "book": "book|reserve|arrange||snag", "cancel": "cancel|drop|call off||scrap",
    "change": "change|modify|alter||tweak", "check": "check|verify|look up||eyeball",
    "pay": "pay|settle|pay off||square", "find": "find|locate|search||hunt down",
    "share": "share|send|forward||beam", "rate": "rate|review|score||grade",
    "move": "move|shift|postpone||bump", "explain": "explain|describe|clarify||unpack",
}  # fmt: skip
OBJECTS = {
    "flight": "flight|plane|airline seat||hop", "hotel": "hotel|room|lodging||digs",
    "bill": "bill|invoice|charges||tab", "parcel": "parcel|package|delivery||crate",
    "table": "table|dinner|restaurant place||feast", "concert": "concert|show|gig||recital",
    "doctor": "doctor|appointment|clinic visit||checkup", "card": "card|credit card|account||plastic",
    "car": "car|taxi|cab||ride", "lesson": "lesson|course|class||tutorial",
}  # fmt: skip
# A: how the action is said, O: the object, S: slots.
FRAMES = {
    "train": (
        "please A the O S", "i want to A my O S", "can you A a O S", "help me A the O S", "my O S : A it now",
        "i would like to A a O S please", "let us A my O S", "S i have to A a O",
    ),
    "test": (
        "could you kindly A our O S", "i need to A this O S", "is it possible to A that O S", "about our O S , A it",
        "S we must A this O today", "tell me how to A that O S",
    ),
}  # fmt: skip
SLOTS = {"name": "for N", "place": "in P", "day": "on D", "number": "with number M"}
FILLERS = {
    "train": {
        "N": "anna ben carla david emma felix", "P": "paris london rome madrid berlin vienna",
        "D": "monday tuesday wednesday", "M": "one two three four five",
    },
    "test": {
        "N": "grace henry ines jonas", "P": "oslo lisbon athens dublin", "D": "friday saturday sunday",
        "M": "six seven eight nine",
    },
}  # fmt: skip
KINDS = ("train", "test", "generic")
Intent = tuple[str, str]  # an action and an object
INTENTS: tuple[Intent, ...] = tuple(product(ACTIONS, OBJECTS))


def words_of(text: str) -> list[str]:
    return [word for word in text.replace("|", " ").split() if len(word) > 1 or word in "ai:,"]


def vocabulary() -> tuple[str, ...]:
    """Every word that an utterance can have; its number is its place here."""
    texts = [*ACTIONS.values(), *OBJECTS.values(), *SLOTS.values()]
    for kind in ("train", "test"):
        texts += [*FRAMES[kind], *FILLERS[kind].values()]
    return tuple(sorted({word for text in texts for word in words_of(text)}))


VOCABULARY = vocabulary()
NUMBER = {word: i for i, word in enumerate(VOCABULARY)}


def split(rng: np.random.Generator, classes: int) -> tuple[list[Intent], list[Intent]]:
    """(intents of a stream, the others). No action and no object is in more intents of the stream than needed."""
    whole("classes", classes, 2, len(INTENTS) // 2)
    a, o = rng.permutation(list(ACTIONS)), rng.permutation(list(OBJECTS))
    # Along diagonals of the table: so many intents leave every row and every column half unused at least.
    chosen = [(str(a[i % len(a)]), str(o[(i + i // len(a)) % len(o)])) for i in range(classes)]
    return [chosen[i] for i in rng.permutation(classes)], [x for x in INTENTS if x not in chosen]


def phrases(name: str, kind: str) -> list[str]:
    """The ways to say an action or an object."""
    common, _, rare = (ACTIONS | OBJECTS)[name].partition("||")
    return common.split("|") + ([] if kind == "generic" else rare.split("|"))


def utterance(rng: np.random.Generator, intent: Intent, kind: str) -> list[str]:
    """The words of one utterance. kind: "train", "test" or "generic"."""
    check(intent in INTENTS, "intent", intent, "give a pair of an action and an object")
    one_of("kind", kind, KINDS)

    def pick(options: Sequence[str]) -> str:
        return options[int(rng.integers(len(options)))]

    like = pick(("train", "test")) if kind == "generic" else kind
    slots = " ".join(SLOTS[str(name)] for name in rng.choice(list(SLOTS), int(rng.integers(1, 3)), replace=False))
    words = []
    for word in pick(FRAMES[like]).replace("S", slots).split():
        if word in ("A", "O"):
            words += pick(phrases(intent["AO".index(word)], kind)).split()
        else:
            words.append(pick(FILLERS[like][word].split()) if word in FILLERS[like] else word)
    return words


def draw(rng: np.random.Generator, intent: Intent, kind: str, n: int) -> list[np.ndarray]:
    """n utterances as numbers of words."""
    whole("n", n, 1, 100_000)
    return [np.array([NUMBER[word] for word in utterance(rng, intent, kind)]) for _ in range(n)]
