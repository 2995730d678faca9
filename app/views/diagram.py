"""The nest as a drawing: which memory reads what, and how knowledge passes between levels, as SVG."""

from html import escape

from nested_core.config import LearnerConfig
from nested_core.phrase import phrase

from ..language import tr
from ..theme import HUES, INK, every, faded

BOX, HIGH, GAP = 84, 34, 26  # px
HOW = {
    "independent": phrase(
        "Levels that write {clocks}: each reads the input and answers alone; the answers are averaged."
    ),
    "nested": phrase(
        "Levels that write {clocks}: each slower one holds the state from which the faster ones start, and moves "
        "toward them."
    ),
    "sequential": phrase("Levels that write {clocks}: each reads what the one before it made of the input."),
    "single": phrase("Levels that write {clocks}: one set of weights."),
}


def words(learner: LearnerConfig) -> str:
    """The same in a sentence."""
    names = [every(level.period) for level in learner.levels]
    clocks = [
        tr("{level} (paused)", level=name) if level.paused else name
        for name, level in zip(names, learner.levels, strict=True)
    ]
    return tr(HOW[learner.variant], clocks=", ".join(clocks))


def svg(learner: LearnerConfig) -> str:
    """Inline SVG, as wide as its place; text in the page's own colour."""
    count = len(learner.levels)
    if learner.variant == "sequential":
        width, height = 40 + count * (BOX + GAP) + 20, HIGH + 20
        places = [(40 + i * (BOX + GAP), 10) for i in range(count)]
        links = [line(6, height / 2, 36, height / 2)]
        links += [line(x + BOX, height / 2, x + BOX + GAP - 2, height / 2) for x, _ in places]
    else:
        width, height = 250, count * (HIGH + 14) + 10
        places = [(70, 5 + i * (HIGH + 14)) for i in range(count)]
        middle = height / 2
        if learner.variant == "independent":
            links = [line(8, middle, 66, y + HIGH / 2) for _, y in places]
            links += [line(70 + BOX, y + HIGH / 2, 206, middle) for _, y in places]
            links += [text(226, middle + 4, tr("mean"))]
        else:
            links = [line(8, 5 + HIGH / 2, 66, 5 + HIGH / 2), line(70 + BOX, 5 + HIGH / 2, 206, 5 + HIGH / 2)]
            for (x, y), level in zip(places[:-1], learner.levels[1:], strict=True):
                links += [
                    line(x + 20, y + HIGH, x + 20, y + HIGH + 12),
                    line(x + 60, y + HIGH + 14, x + 60, y + HIGH + 2),
                ]
                links += [text(x + BOX + 50, y + HIGH + 11, tr("{percent:g} % of the way", percent=100 * level.rate))]
    boxes = [box(x, y, i, level) for i, ((x, y), level) in enumerate(zip(places, learner.levels, strict=True))]
    head = (
        f'<svg viewBox="0 0 {width} {height}" width="100%" style="max-width:{width * 1.2:.0f}px" role="img" '
        f'aria-label="{escape(words(learner))}" xmlns="http://www.w3.org/2000/svg">'
    )
    tip = (
        '<defs><marker id="tip" viewBox="0 0 6 6" refX="5" refY="3" markerWidth="6" markerHeight="6" orient="auto">'
        f'<path d="M0 0L6 3L0 6z" fill="{INK}"/></marker></defs>'
    )
    return head + tip + "".join(links + boxes) + "</svg>"


def line(x1: float, y1: float, x2: float, y2: float) -> str:
    return f'<line x1="{x1}" y1="{y1}" x2="{x2}" y2="{y2}" stroke="{INK}" stroke-width="1.5" marker-end="url(#tip)"/>'


def text(x: float, y: float, content: str) -> str:
    return f'<text x="{x}" y="{y}" text-anchor="middle" font-size="11" fill="currentColor">{escape(content)}</text>'


def box(x: float, y: float, index: int, level) -> str:
    dash = ' stroke-dasharray="4 3"' if level.paused else ""
    colour = HUES[index % len(HUES)]
    place = f'x="{x}" y="{y}" width="{BOX}" height="{HIGH}" rx="6"'
    return f'<rect {place} fill="{faded(colour, 0.15)}" stroke="{colour}"{dash}/>' + text(
        x + BOX / 2, y + HIGH / 2 + 4, every(level.period)
    )
