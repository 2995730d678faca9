"""Ten questions, one a lesson, asked before and after: the only way to know whether the lessons teach.

Nothing is sent anywhere: answers become a CSV file, one row a question, in English whatever they were read in.
"""

import csv
import io
from collections.abc import Mapping

from nested_core.phrase import phrase

from .lesson import Option, Question

TIMES = (phrase("before"), phrase("after"))
UNSURE = phrase("I do not know")  # the last answer to each


def _item(text: str, right: str, *wrong: str) -> Question:
    return Question(text, (Option(right, "", right=True), *(Option(answer, "") for answer in wrong)))


ITEMS = (
    _item(
        phrase("A network learned A well, then only B, and now fails on A. The usual cause is …"),
        phrase("the weights that held A were overwritten"),
        phrase("the network is too small"),
        phrase("it had too few steps on A"),
    ),
    _item(
        phrase("A smaller learning rate makes a network forget less of A, mostly because …"),
        phrase("it also learns less"),
        phrase("small steps go around what is used"),
        phrase("small steps are more exact"),
    ),
    _item(
        phrase(
            "A matrix memory wrote k → v₁ and then k → v₂ by the delta rule (unit key, full step). Asked k, it "
            "answers …"
        ),
        "v₂",
        "v₁ + v₂",
        phrase("the mean of v₁ and v₂"),
    ),
    _item(
        phrase("Momentum with beta = 0.9, a hundred steps after the task changed, holds of the old task …"),
        phrase("practically nothing"),
        phrase("about 10 %"),
        phrase("about half"),
    ),
    _item(
        phrase("In 128 steps a memory with period 64 writes …"),
        phrase("2 times"),
        phrase("64 times"),
        phrase("128 times"),
    ),
    _item(
        phrase("A chat model with frozen weights answers better after reading your examples. What changed?"),
        phrase("only its context, which is gone in the next chat"),
        phrase("its weights, a little"),
        phrase("its optimizer"),
    ),
    _item(
        phrase("Splitting one protected network of fixed size into more blocks on more clocks …"),
        phrase("need not help, and here it does not"),
        phrase("always keeps more"),
        phrase("makes it learn faster"),
    ),
    _item(
        phrase(
            "A method wins by one point on average, but its 95 % interval over seeds runs from −1 to 3. You may claim …"
        ),
        phrase("nothing yet"),
        phrase("that it is better"),
        phrase("that both are equal"),
    ),
    _item(
        phrase("A memory keeps 0.9 of itself at every token. After 44 tokens an old note is left at …"),
        phrase("about 1 %"),
        phrase("about 10 %"),
        phrase("about 40 %"),
    ),
    _item(
        phrase("Hope joins …"),
        phrase("a small memory that writes its own notes at every token, and larger ones on slow clocks"),
        phrase("two networks that vote"),
        phrase("attention and a database"),
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
