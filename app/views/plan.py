"""The plan of a stream in a strip: one block for every visit, as long as it stays, in the colour of its task."""

from nested_core.config import StreamConfig

from ..language import plural, tr
from ..theme import faded, hue

NUMBERED = 24  # visits at most whose number fits


def words(stream: StreamConfig) -> str:
    """The same in words."""
    order = " ".join(str(task + 1) for task, _ in stream.visits[:NUMBERED]) + " …" * (len(stream.visits) > NUMBERED)
    plan = plural(
        "{n} visit, {steps:,} steps: {order}", "{n} visits, {steps:,} steps: {order}",
        len(stream.visits), steps=stream.steps, order=order,
    )  # fmt: skip
    if not stream.similarity:
        return plan
    return tr("{plan}, tasks {percent:.0f} % alike", plan=plan, percent=100 * stream.similarity)


def html(stream: StreamConfig) -> str:
    """The strip, as wide as its place."""
    few = len(stream.visits) <= NUMBERED
    blocks = "".join(
        f"<div style='flex:{steps} 1 0;background:{faded(hue(task), 0.35)};border-left:2px solid {hue(task)};"
        f"overflow:hidden;text-align:center;font-size:0.75rem'>{task + 1 if few else '&nbsp;'}</div>"
        for task, steps in stream.visits
    )
    label = tr("Plan of the stream: {plan}", plan=words(stream))
    return f"<div role='img' aria-label='{label}' style='display:flex;height:1.2rem'>{blocks}</div>"
