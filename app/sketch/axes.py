"""Empty axes as data: what a person draws on, and what a drawn curve is checked against. No Streamlit here."""

from collections.abc import Callable
from dataclasses import dataclass, replace

from lessons.lesson import Sketch


@dataclass(frozen=True)
class Axis:
    """Empty axes: a point is put between `low` and `high`; a curve has `points` heights, evenly from start to end.

    places  names of the places of a curve, one for each height, instead of numbers from start to end
    grain   what a height that is drawn is rounded to; 0: not at all
    """

    name: str
    low: float
    high: float
    unit: str = ""
    across: str = ""
    start: float = 0.0
    end: float = 1.0
    points: int = 21
    places: tuple[str, ...] = ()
    grain: float = 0.0

    @property
    def label(self) -> str:
        """The name with its unit, where it does not say that already."""
        return f"{self.name} ({self.unit})" if self.unit and self.unit not in self.name else self.name

    def said(self, say: Callable[[str], str]) -> "Axis":
        """The same axes, every word of them as `say` says it."""
        words = {part: say(getattr(self, part)) for part in ("name", "unit", "across")}
        return replace(self, places=tuple(map(say, self.places)), **words)


def of_lesson(asked: Sketch) -> Axis:
    """The axes of a lesson's Sketch: one height at each of its places, in steps of its own."""
    places = tuple(x if isinstance(x, str) else f"{x:g}" for x in asked.xs)
    ends = dict(across=asked.x_label, points=len(places), places=places, grain=asked.step)
    return Axis(asked.label, asked.low, asked.high, asked.unit, **ends)
