"""A picture as data: lines, bars or a matrix with named axes. The app, the terminal and the handout each draw it."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace

from nested_core.phrase import Phrase, phrase

GHOST = phrase("your prediction")
Place = float | str  # where on the horizontal axis: a number, or the name of a category


@dataclass(frozen=True)
class Series:
    """One line or one set of bars. A ghost is what somebody predicted: drawn dashed over what was measured."""

    name: str
    xs: tuple[Place, ...]
    ys: tuple[float, ...]
    ghost: bool = False


@dataclass(frozen=True)
class Figure:
    """Series on one pair of axes. kind: "line" or "bars"; low and high: the ends of the vertical axis."""

    title: str
    x_label: str
    y_label: str
    series: tuple[Series, ...]
    kind: str = "line"
    low: float = 0.0
    high: float = 100.0
    marks: tuple[tuple[float, str], ...] = ()  # (place, words): something that happened there

    @property
    def words(self) -> Phrase:
        """The picture for somebody who cannot see it: what it shows, and where each series ends."""
        ends = [
            f"{s.name}: " + ", ".join(f"{x} {tidy(y)}" for x, y in ends_of(s, self.kind)) for s in self.series if s.xs
        ]
        labels = dict(title=self.title, y=self.y_label, x=self.x_label)
        return phrase("{title}. {y} over {x}. {ends}.", ends="; ".join(ends), **labels)


@dataclass(frozen=True)
class Matrix:
    """Numbers in rows and columns, each with a name: a memory, or an outer product."""

    title: str
    rows: tuple[str, ...]
    columns: tuple[str, ...]
    values: tuple[tuple[float, ...], ...]

    @property
    def words(self) -> str:
        rows = [
            f"{name}: " + ", ".join(f"{c} {tidy(v)}" for c, v in zip(self.columns, row, strict=True))
            for name, row in zip(self.rows, self.values, strict=True)
        ]
        return f"{self.title}. " + "; ".join(rows) + "."


Picture = Figure | Matrix


def spoken(picture: Picture, say: Callable[[str], str]) -> Picture:
    """The picture with every name in it as `say` says it."""

    def names(found: Sequence[Place]) -> tuple:
        return tuple(say(x) if isinstance(x, str) else x for x in found)

    title = say(picture.title)
    if isinstance(picture, Matrix):
        return replace(picture, title=title, rows=names(picture.rows), columns=names(picture.columns))
    series = tuple(replace(s, name=say(s.name), xs=names(s.xs)) for s in picture.series)
    labels = dict(x_label=say(picture.x_label), y_label=say(picture.y_label))
    return replace(picture, title=title, series=series, marks=tuple(map(names, picture.marks)), **labels)


def tidy(value: float) -> str:
    """A number as people write it: three digits, no needless zeros, a real minus sign."""
    text = f"{value:.0f}" if abs(value) >= 100 else f"{value:.3g}"
    return "0" if float(text) == 0 else text.replace("-", "−")


def ends_of(series: Series, kind: str) -> list[tuple[Place, float]]:
    """The points worth reading aloud: all of few, else the first and the last."""
    points = list(zip(series.xs, series.ys, strict=True))
    return points if kind == "bars" or len(points) <= 7 else [points[0], points[-1]]


def matrix(title: str, rows: Sequence[str], columns: Sequence[str], values) -> Matrix:
    """values: anything with two dimensions, such as a tensor [rows, columns]."""
    numbers = tuple(tuple(float(v) for v in row) for row in values)
    return Matrix(title, tuple(rows), tuple(columns), numbers)


def with_ghost(figure: Figure, xs: tuple[Place, ...], ys: tuple[float, ...], name: str = GHOST) -> Figure:
    """The figure with a prediction drawn over it."""
    return replace(figure, series=(*figure.series, Series(name, xs, ys, ghost=True)))
