"""What a lesson is: a hook, a prediction that is locked before the run, an activity, what was measured, questions.

Text is Markdown with $LaTeX$; [[term]] is a word of the glossary. All of it is said in the reader's language by whoever
shows it; sentences that hold numbers are phrases. A lesson knows configurations and pure functions of what was
recorded; it never draws, and it never imports the app.
"""

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from nested_core.config import RunConfig
from nested_core.phrase import Phrase, phrase

from .picture import Figure, Picture, Place, tidy, with_ghost


@dataclass(frozen=True)
class Option:
    """One answer. `feedback` says why it is right, or names the misconception behind it."""

    text: str
    feedback: str
    right: bool = False


@dataclass(frozen=True)
class Question:
    """A question with answers of which one is right. It is written first, and moved to a place that varies."""

    text: str
    options: tuple[Option, ...]

    def __post_init__(self) -> None:
        first, *others = self.options
        if first.right:
            others.insert(len(self.text) % len(self.options), first)
            object.__setattr__(self, "options", tuple(others))

    @property
    def right(self) -> int:
        return next(i for i, option in enumerate(self.options) if option.right)


# Predictions. Each can be written into an address and read back; `read` gives None for anything it did not write.


@dataclass(frozen=True)
class Pick:
    """One of several outcomes. An outcome may have a shape, heights at `xs`, which is then drawn as the ghost."""

    text: str
    options: tuple[str, ...]

    def write(self, value: int) -> str:
        return str(value)

    def read(self, text: str) -> int | None:
        ok = text.isascii() and text.isdigit() and len(text) < 3 and int(text) < len(self.options)
        return int(text) if ok else None

    def compare(self, value: int, truth: int) -> Phrase:
        guess, found = Phrase(self.options[value]), Phrase(self.options[truth])
        if value == truth:
            return phrase("You predicted “{guess}”, and so it was.", guess=guess)
        return phrase("You predicted “{guess}”; measured was “{found}”.", guess=guess, found=found)

    def ghost(self, figure: Figure, place: tuple[Place, ...], value: int) -> Figure:
        return figure


@dataclass(frozen=True)
class Point:
    """A number on a labelled axis."""

    text: str
    label: str
    low: float = 0
    high: float = 100
    step: float = 1
    unit: str = "%"

    def write(self, value: float) -> str:
        return f"{value:g}"

    def read(self, text: str) -> float | None:
        value = _number(text)
        return value if value is not None and self.low <= value <= self.high else None

    def compare(self, value: float, truth: float) -> Phrase:
        away, said = abs(value - truth), dict(value=tidy(value), truth=tidy(truth), unit=Phrase(self.unit))
        if away <= 0.1 * (self.high - self.low):
            return phrase("You predicted {value} {unit}; measured was {truth} {unit}: close.", **said)
        said |= dict(away=tidy(away), points=_points(self.unit))
        return phrase("You predicted {value} {unit}; measured was {truth} {unit}: {away} {points} away.", **said)

    def ghost(self, figure: Figure, place: tuple[Place, ...], value: float) -> Figure:
        return with_ghost(figure, place, (value,) * len(place))


@dataclass(frozen=True)
class Sketch:
    """A curve through heights at a few places."""

    text: str
    x_label: str
    xs: tuple[Place, ...]
    label: str
    low: float = 0
    high: float = 100
    step: float = 5
    unit: str = "%"

    def write(self, value: Sequence[float]) -> str:
        return "_".join(f"{v:g}" for v in value)

    def read(self, text: str) -> tuple[float, ...] | None:
        values = [_number(part) for part in text.split("_")]
        ok = len(values) == len(self.xs) and all(v is not None and self.low <= v <= self.high for v in values)
        return tuple(v for v in values if v is not None) if ok else None

    def compare(self, value: Sequence[float], truth: Sequence[float]) -> Phrase:
        away = [abs(a - b) for a, b in zip(value, truth, strict=True)]
        worst = max(range(len(away)), key=away.__getitem__)
        place = self.xs[worst]
        return phrase(
            "Your curve is {mean} {points} away on average; furthest at {place}, where you drew {value} {unit} and "
            "measured was {truth} {unit}.",
            mean=tidy(sum(away) / len(away)),
            points=_points(self.unit),
            place=Phrase(place) if isinstance(place, str) else place,
            value=tidy(value[worst]),
            truth=tidy(truth[worst]),
            unit=Phrase(self.unit),
        )

    def ghost(self, figure: Figure, place: tuple[Place, ...], value: Sequence[float]) -> Figure:
        return with_ghost(figure, place, tuple(value))


Prediction = Pick | Point | Sketch


def _points(unit: str) -> Phrase:
    return phrase("points") if unit == "%" else Phrase(unit)


def _number(text: str) -> float | None:
    return float(text) if re.fullmatch(r"-?[0-9]{1,6}(\.[0-9]{1,6})?", text) else None


# Activities


@dataclass(frozen=True)
class Scene:
    """Learners on one stream, run in step and shown on one stage. `look`: what to watch."""

    name: str
    configs: tuple[RunConfig, ...]
    look: str


@dataclass(frozen=True)
class Runs:
    """Live runs, one scene after the other. `knob`: what differs between the scenes."""

    knob: str
    scenes: tuple[Scene, ...]
    seed: int = 0


@dataclass(frozen=True)
class Step:
    """One recorded moment: a sentence with its numbers, the equation with its numbers, pictures, and `values`."""

    title: str
    text: str
    equation: str = ""
    pictures: tuple[Picture, ...] = ()
    values: Mapping[str, float] = field(default_factory=dict)


@dataclass(frozen=True)
class Steps:
    """A step-through. `record(option)` computes the steps of one setting of the knob, with the real functions."""

    knob: str
    options: tuple[str, ...]
    record: Callable[[str], tuple[Step, ...]]


Results = Mapping[str, Sequence[Any]]  # traces by the name of the scene, or steps by the setting of the knob


@dataclass(frozen=True)
class Revealed:
    """What was measured. truth: of the kind that is predicted; place: where the prediction belongs in the figure."""

    truth: Any
    sentence: str
    figure: Figure
    place: tuple[Place, ...] = ()


@dataclass(frozen=True)
class Claim:
    """Something a lesson says. It holds if the 95 % interval of the mean of `measure(seed)` lies in low .. high."""

    name: str
    sentence: str
    measure: Callable[[int], float]
    low: float
    high: float
    unit: str = ""
    slow: bool = False  # left out of the quick check: takes long, or differs much from seed to seed


@dataclass(frozen=True)
class Lesson:
    number: int
    slug: str
    title: str
    minutes: int
    idea: str
    paper: str
    hook: str
    prediction: Prediction
    activity: Runs | Steps
    reveal: Callable[[Results], Revealed]
    why: Question
    checks: tuple[Question, ...]
    now_you: str
    summary: tuple[str, str, str, str, str]
    link: Mapping[str, str]
    link_text: str
    teacher: tuple[str, ...]
    claims: tuple[Claim, ...]

    def with_prediction(self, revealed: Revealed, value: Any) -> Figure:
        """What was measured, and over it what was predicted; None: nothing was."""
        return revealed.figure if value is None else self.prediction.ghost(revealed.figure, revealed.place, value)
