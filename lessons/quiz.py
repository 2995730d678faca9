"""Ten questions, one a lesson, asked before and after: the only way to know whether the lessons teach.

Nothing is sent anywhere: answers become a CSV file, one row a question.
"""

import csv
import io
from collections.abc import Mapping

from .lesson import Option, Question

TIMES = ("before", "after")
UNSURE = "I do not know"  # the last answer to each


def _item(text: str, right: str, *wrong: str) -> Question:
    return Question(text, (Option(right, "", right=True), *(Option(answer, "") for answer in wrong)))


ITEMS = (
    _item(
        "A network learned A well, then only B, and now fails on A. The usual cause is …",
        "the weights that held A were overwritten",
        "the network is too small",
        "it had too few steps on A",
    ),
    _item(
        "A smaller learning rate makes a network forget less of A, mostly because …",
        "it also learns less",
        "small steps go around what is used",
        "small steps are more exact",
    ),
    _item(
        "A matrix memory wrote k → v₁ and then k → v₂ by the delta rule (unit key, full step). Asked k, it answers …",
        "v₂",
        "v₁ + v₂",
        "the mean of v₁ and v₂",
    ),
    _item(
        "Momentum with beta = 0.9, a hundred steps after the task changed, holds of the old task …",
        "practically nothing",
        "about 10 %",
        "about half",
    ),
    _item(
        "In 128 steps a memory with period 64 writes …",
        "2 times",
        "64 times",
        "128 times",
    ),
    _item(
        "A chat model with frozen weights answers better after reading your examples. What changed?",
        "only its context, which is gone in the next chat",
        "its weights, a little",
        "its optimizer",
    ),
    _item(
        "Splitting one protected network of fixed size into more blocks on more clocks …",
        "need not help, and here it does not",
        "always keeps more",
        "makes it learn faster",
    ),
    _item(
        "A method wins by one point on average, but its 95 % interval over seeds runs from −1 to 3. You may claim …",
        "nothing yet",
        "that it is better",
        "that both are equal",
    ),
    _item(
        "A memory keeps 0.9 of itself at every token. After 44 tokens an old note is left at …",
        "about 1 %",
        "about 10 %",
        "about 40 %",
    ),
    _item(
        "Hope joins …",
        "a small memory that writes its own notes at every token, and larger ones on slow clocks",
        "two networks that vote",
        "attention and a database",
    ),
)


def choices(question: Question) -> list[str]:
    """What can be answered, in words."""
    return [*(option.text for option in question.options), UNSURE]


def score(answers: Mapping[int, int]) -> int:
    """How many of the answers {item: option} are right."""
    return sum(ITEMS[item].right == option for item, option in answers.items())


def to_csv(answers: Mapping[str, Mapping[int, int]]) -> str:
    """answers[before or after][item] = option -> rows: time, lesson, question, answer, right (1 or 0)."""
    out = io.StringIO()
    table = csv.writer(out, lineterminator="\n")
    table.writerow(("time", "lesson", "question", "answer", "right"))
    for time in TIMES:
        for item, option in sorted(answers.get(time, {}).items()):
            question = ITEMS[item]
            right = int(option == question.right)
            table.writerow((time, item + 1, question.text, choices(question)[option], right))
    return out.getvalue()
