"""What a room goes through: steps with text, each perhaps with one question and one configuration of the playground.

Pure data, so that a demonstration, a lesson or a link of the playground can all become an activity. What ships holds
phrases; `translated` says them in the language of whoever looks at the room.
"""

import math
from dataclasses import dataclass, fields, is_dataclass, replace
from typing import Any
from urllib.parse import parse_qsl

from app import share
from app.language import tr
from app.sketch.axes import Axis
from app.theme import learner_name
from nested_core.phrase import Phrase, phrase

KINDS = ("choice", "point", "sketch", "text")


@dataclass(frozen=True)
class Question:
    """One question.

    key      names it in the database; unique in its activity
    kind     "choice" one of `options`; "point" a number on `axis`; "sketch" heights on `axis`; "text"
    answer   of a choice the right option, of a point the right value, of a sketch the measured heights; None where
             the run decides, or nothing does
    replies  of a choice one sentence for each option, which names the thought behind a wrong one
    outcome  what is said when the outcome is revealed
    """

    key: str
    kind: str
    prompt: str
    options: tuple[str, ...] = ()
    axis: Axis | None = None
    answer: float | tuple[float, ...] | None = None
    replies: tuple[str, ...] = ()
    outcome: str = ""

    def check(self, value: Any, longest: int = 280) -> Any:
        """The value as it is stored; ValueError with one sentence when it does not answer this question."""
        if self.kind == "choice":
            if type(value) is int and 0 <= value < len(self.options):
                return value
            raise ValueError(phrase("Choose one of the answers first."))
        if self.kind == "text":
            words = clean(value, longest, lines=True) if isinstance(value, str) else ""
            if words:
                return words
            raise ValueError(phrase("Write a sentence first."))
        values = [value] if self.kind == "point" else value
        fits = isinstance(values, list) and len(values) == (1 if self.kind == "point" else self.axis.points)
        low, high = self.axis.low, self.axis.high
        if not fits or not all(isinstance(x, int | float) and math.isfinite(x) and low <= x <= high for x in values):
            drawn = self.kind == "sketch"
            raise ValueError(phrase("Draw your curve from left to right first.") if drawn else phrase("Put a point."))
        found = [round(float(x), 3) for x in values]
        return found[0] if self.kind == "point" else found


@dataclass(frozen=True)
class Step:
    """One screen: what all see (markdown), what only the teacher sees, a question, a link, an experiment.

    link   the query of a playground configuration; "" where there is nothing to open
    spread whether every student runs it with another seed
    page   a page of this app to show on the projector, as its address after the last slash
    about  the key of an earlier question, which must be locked before this step shows anything
    lesson the lesson whose measured outcome is shown beside the answers to `about`; 0: none
    """

    title: str
    text: str
    notes: str = ""
    question: Question | None = None
    link: str = ""
    spread: bool = False
    page: str = ""
    about: str = ""
    lesson: int = 0


@dataclass(frozen=True)
class Activity:
    """A script of steps. `wrong`: likely wrong answers, each with what to reply."""

    name: str
    title: str
    minutes: int
    steps: tuple[Step, ...]
    idea: str = ""
    wrong: tuple[tuple[str, str], ...] = ()
    cited: str = ""  # numbers from elsewhere than this activity's own recorded runs, with their source

    def question(self, key: str) -> Question | None:
        return next((q for q in self.questions if q.key == key), None)

    @property
    def links(self) -> tuple[str, ...]:
        """Every configuration that it opens, once."""
        return tuple(dict.fromkeys(step.link for step in self.steps if step.link))

    @property
    def questions(self) -> tuple[Question, ...]:
        return tuple(step.question for step in self.steps if step.question)

    def at(self, step: int) -> Step:
        """The step of this number; the nearest where there is none."""
        return self.steps[max(0, min(step, len(self.steps) - 1))]


def translated(it: Any) -> Any:
    """An activity or a part of it, with its phrases in the reader's language; all else is as it was."""
    if isinstance(it, tuple):
        return tuple(map(translated, it))
    if is_dataclass(it):
        return replace(it, **{field.name: translated(getattr(it, field.name)) for field in fields(it)})
    return tr(it) if isinstance(it, Phrase) else it


def clean(text: str, longest: int, lines: bool = False) -> str:
    """Free text as it is stored: printable, without runs of blanks, cut to length."""
    kept = "".join(c if c.isprintable() else " " if c.isspace() else "" for c in text[: 4 * longest])
    return " ".join(kept.split())[:longest].strip()


def parse_link(text: str) -> tuple[str, list[str]]:
    """The query that a pasted playground link stands for, written out in full, and a sentence for each bad part."""
    query = text.strip().rpartition("?")[2][:2000]
    choice, notices = share.read(dict(parse_qsl(query, keep_blank_values=True)))
    return "&".join(f"{k}={v}" for k, v in choice.query().items()), notices


def from_link(query: str) -> Activity:
    """A room about one playground configuration: predict, run it with many seeds, look, leave a sentence. In the
    reader's language."""
    choice = share.read(dict(parse_qsl(query)))[0]
    arms = ("nested", *choice.baselines)
    names = tuple(map(learner_name, arms))
    higher = "digits" in choice.kind
    steps = [
        Step(
            tr("Look at the setting"),
            tr("All learners get the same samples in the same order. The tasks change, and nobody tells them."),
            tr("Open the link on the projector. Say what the tasks are and how often they change; do not press Run."),
            link=query,
        )
    ]
    if len(arms) > 1:
        steps.append(
            Step(
                tr("Predict"),
                tr("Decide alone, then send. You can change your mind until the teacher locks."),
                tr("Lock before anything runs. Do not show the answers before they are locked."),
                Question(
                    "winner",
                    "choice",
                    tr("Who ends with the highest accuracy, on the mean of all tasks?")
                    if higher
                    else tr("Who ends with the fewest bits, on the mean of all tasks?"),
                    (*names, tr("no clear difference")),
                ),
                query,
            )
        )
    if choice.kind != "own_text":
        steps.append(
            Step(
                tr("Run it, everybody with another seed"),
                tr("Your seed gives other initial weights and another order of samples. Press **Run my seed**."),
                tr("One run can be luck. Wait until most have arrived, then read the interval before the mean."),
                link=query,
                spread=True,
            )
        )
    steps.append(translated(exit_ticket()))
    return Activity(query, tr("A playground configuration"), 10, tuple(steps))


def exit_ticket(prompt: str = phrase("What did you see that you did not expect, and what might explain it?")) -> Step:
    return Step(
        phrase("Exit ticket"),
        phrase("One or two sentences before you go."),
        phrase("Read some aloud without names. Export the CSV before you delete the room."),
        Question("exit", "text", prompt),
    )
