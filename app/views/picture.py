"""What makes a chart a picture to take along: a button that saves it, and where it comes from, written below it."""

from collections.abc import Sequence

from nested_core.trace import Trace

from ..language import tr
from ..theme import level_words


def caption(traces: list[Trace], seeds: Sequence[int] = ()) -> str:
    """Stream, seed and levels in a line, so that a saved picture tells where it comes from."""
    config = traces[0].meta["config"]
    seed = ", ".join(map(str, seeds or (traces[0].meta["seed"],)))
    stream = config["stream"]
    visits = []
    if "dwell" in stream:
        size = {name: stream[name] for name in ("tasks", "rounds", "dwell")}
        visits.append(tr("{tasks} tasks, {rounds} x {dwell} steps", **size))
    if stream.get("order"):
        visits.append(tr("order {tasks}", tasks=" ".join(str(task + 1) for task in stream["order"])))
    if stream.get("similarity"):
        visits.append(tr("{percent:.0f} % alike", percent=100 * stream["similarity"]))
    levels = ", ".join(level_words(x) for x in config["learner"].get("levels", []))
    return " · ".join(filter(None, [stream["kind"], ", ".join(visits), tr("seed {seed}", seed=seed), levels]))


def savable(text: str) -> dict:
    """Parts of an ECharts option: the button, and a line of small type at the bottom (leave 14 pixels free)."""
    small = {"text": text, "left": 0, "bottom": 0, "textStyle": {"fontSize": 10, "fontWeight": 400}}
    button = {"title": tr("Save this picture"), "pixelRatio": 2}
    return {"toolbox": {"right": 0, "top": 0, "feature": {"saveAsImage": button}}, "title": [small]}
