"""What a room goes through: steps with text, each perhaps with one question and one configuration of the playground.

Pure data, so that a demonstration, a lesson or a link of the playground can all become an activity.
"""

import math
from dataclasses import dataclass
from typing import Any
from urllib.parse import parse_qsl

from app import share
from app.sketch.axes import Axis
from app.theme import ARM_NAMES

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
            raise ValueError("Choose one of the answers first.")
        if self.kind == "text":
            words = clean(value, longest, lines=True) if isinstance(value, str) else ""
            if words:
                return words
            raise ValueError("Write a sentence first.")
        values = [value] if self.kind == "point" else value
        fits = isinstance(values, list) and len(values) == (1 if self.kind == "point" else self.axis.points)
        low, high = self.axis.low, self.axis.high
        if not fits or not all(isinstance(x, int | float) and math.isfinite(x) and low <= x <= high for x in values):
            raise ValueError("Draw your curve from left to right first." if self.kind == "sketch" else "Put a point.")
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
    """A room about one playground configuration: predict, run it with many seeds, look, leave a sentence."""
    choice = share.read(dict(parse_qsl(query)))[0]
    arms = ("nested", *choice.baselines)
    names = tuple(ARM_NAMES[arm] for arm in arms)
    higher = "digits" in choice.kind
    best = "highest accuracy" if higher else "fewest bits"
    steps = [
        Step(
            "Look at the setting",
            "All learners get the same samples in the same order. The tasks change, and nobody tells them.",
            "Open the link on the projector. Say what the tasks are and how often they change; do not press Run.",
            link=query,
        )
    ]
    if len(arms) > 1:
        steps.append(
            Step(
                "Predict",
                "Decide alone, then send. You can change your mind until the teacher locks.",
                "Lock before anything runs. Do not show the answers before they are locked.",
                Question(
                    "winner",
                    "choice",
                    f"Who ends with the {best}, on the mean of all tasks?",
                    (*names, "no clear difference"),
                ),
                query,
            )
        )
    if choice.kind != "own_text":
        steps.append(
            Step(
                "Run it, everybody with another seed",
                "Your seed gives other initial weights and another order of samples. Press **Run my seed**.",
                "One run can be luck. Wait until most have arrived, then read the interval before the mean.",
                link=query,
                spread=True,
            )
        )
    steps.append(exit_ticket())
    return Activity(query, "A playground configuration", 10, tuple(steps))


def exit_ticket(prompt: str = "What did you see that you did not expect, and what might explain it?") -> Step:
    return Step(
        "Exit ticket",
        "One or two sentences before you go.",
        "Read some aloud without names. Export the CSV before you delete the room.",
        Question("exit", "text", prompt),
    )
