"""Stories whose few facts lie scattered in a long text about something else, and questions that join 1, 2 or 3 of them.

After bAbI (Weston et al. 2015) in the long form of BABILong (Kuratov et al. 2024), as in Nested Learning, 9.4, fig. 9.
A symbol is a word. Somebody may move more than once: where he went last counts. All orders of sentences are possible.

1 fact   mary went kitchen                                         where mary? kitchen
2 facts  john took apple | john went garden                        where apple? garden
3 facts  coin in box | mary took box | mary went office            where coin? office

Every story has 8 moves of 4 people, unless one says how many; with 2 facts and more, 4 things that somebody took; with
3 those are in boxes, and boxes were taken. The words between the sentences are drawn by Zipf's law and do not occur in
stories. All four people or things are asked for, one question after another: guessing is right once in eight times.
"""

import numpy as np
import torch

from nested_core.config import check, whole
from nested_core.streams.base import Batch

from ..training import IGNORE

PEOPLE = "mary john sandra daniel bill fred".split()
PLACES = "kitchen garden office bathroom hallway bedroom cellar attic".split()
THINGS = "apple coin football milk book lamp".split()
BOXES = "box bag basket suitcase".split()
VERBS = "went took in where".split()
STORY = PEOPLE + PLACES + THINGS + BOXES + VERBS
NUMBER = {word: i for i, word in enumerate(STORY)}
NOISE = 64  # words of the text around the story
SYMBOLS = len(STORY) + NOISE
FACTS = (1, 2, 3)
ASKED = 4  # people, things and boxes of a story, and questions about it
MOVES = 8


def shortest(facts: int, moves: int = MOVES) -> int:
    """Symbols of a story and its questions without any noise."""
    return 3 * (moves + facts * ASKED)


def story(facts: int, rng: np.random.Generator, moves: int = MOVES) -> tuple[list[list[str]], list[tuple[str, str]]]:
    """Sentences in their order, and the questions: (who or what, where)."""
    people = list(rng.permutation(PEOPLE)[:ASKED])
    movers = people + list(rng.choice(people, moves - ASKED))
    rng.shuffle(movers)
    moved = [[who, "went", str(rng.choice(PLACES))] for who in movers]
    where = {who: place for who, _, place in moved}  # the last one counts
    asked, others = people, []
    if facts > 1:
        asked = list(rng.permutation(THINGS)[:ASKED])
        carried = list(rng.permutation(BOXES)) if facts == 3 else asked
        takers = {what: str(rng.choice(people)) for what in carried}
        others = [[who, "took", what] for what, who in takers.items()]
        inside = {thing: str(rng.choice(BOXES)) for thing in asked} if facts == 3 else {thing: thing for thing in asked}
        if facts == 3:
            others += [[thing, "in", box] for thing, box in inside.items()]
        where = {thing: where[takers[inside[thing]]] for thing in asked}
    rng.shuffle(others)
    places = set(rng.permutation(moves + len(others))[:moves].tolist())
    moving, other = iter(moved), iter(others)
    text = [next(moving) if i in places else next(other) for i in range(moves + len(others))]
    return text, [(who, where[who]) for who in rng.permutation(asked)]


def sample(facts: int, rng: np.random.Generator, length: int, moves: int = MOVES) -> tuple[list[int], list[int]]:
    """Symbols and answers, [length] each: the place after its question, IGNORE elsewhere."""
    sentences, questions = story(facts, rng, moves)
    size = length - shortest(facts, moves)
    ranks = np.exp(rng.random(size) * np.log(NOISE)).astype(int)  # density 1 / rank: Zipf's law
    noise = len(STORY) - 1 + ranks
    cuts = np.sort(rng.integers(size + 1, size=len(sentences)))
    x: list[int] = []
    for words, sentence in zip(np.split(noise, cuts), sentences, strict=False):
        x += [*words.tolist(), *(NUMBER[word] for word in sentence)]
    x += noise[cuts[-1] :].tolist()
    y = [IGNORE] * len(x)
    for who, place in questions:
        x += [NUMBER["where"], NUMBER[who], NUMBER[place]]
        y += [IGNORE, NUMBER[place], IGNORE]
    return x, y


def draw(facts: int | tuple[int, ...], rng: np.random.Generator, batch: int, length: int, moves: int = MOVES) -> Batch:
    """`batch` sequences [B, T] whose questions need this many facts, or each one of several numbers of facts.

    moves  how often somebody goes somewhere in a story: at least once each
    """
    kinds = (facts,) if isinstance(facts, int) else facts
    for kind in kinds:
        check(kind in FACTS, "facts", kind, "choose 1, 2 or 3")
        whole("moves", moves, ASKED, 1_000)
        whole("length", length, shortest(kind, moves), 1_000_000)
    whole("batch", batch, 1, 100_000)
    samples = [sample(kinds[i], rng, length, moves) for i in rng.integers(len(kinds), size=batch)]
    x, y = (torch.tensor(part, dtype=torch.int64) for part in zip(*samples, strict=True))
    return Batch(x, y)


def words(symbols: list[int]) -> str:
    """Symbols as text; words of the noise are w1, w2, ..."""
    return " ".join(STORY[i] if i < len(STORY) else f"w{i - len(STORY) + 1}" for i in symbols)
