"""How large every write was, and how surprised the level was: one line a level over time, to be brushed."""

import altair as alt
import numpy as np
import pandas as pd

from nested_core.phrase import phrase
from nested_core.trace import Trace

from ..language import tr
from ..theme import DASHES, HUES, arm_name, level_name
from .curves import thin

KINDS = {
    "change": phrase("size of the write (share of the memory)"),
    "surprise": phrase("surprise (norm of the error)"),
}


def frame(traces: list[Trace], channel: str) -> pd.DataFrame:
    """Every write with a size above zero, at most 300 a level: learner, level, step, value."""
    parts = []
    for trace in traces:
        for i, level in enumerate(trace.levels):
            values = trace[channel][:, i]
            steps = thin(np.flatnonzero(trace["wrote"][:, i] & np.isfinite(values) & (values > 0)))
            name = f"{arm_name(trace)}, {level_name(level)}"
            parts.append(pd.DataFrame({"level": name, "step": steps + 1, "value": values[steps]}))
    return pd.concat(parts)


def chart(traces: list[Trace], channel: str) -> alt.Chart:
    """An Altair chart on a logarithmic scale; dragging over the small one below shows that part of the run above."""
    found = frame(traces, channel)
    names = list(dict.fromkeys(found.level))
    colours, dashes = ([palette[i % len(palette)] for i in range(len(names))] for palette in (HUES, DASHES))
    dashes = [[1, 0] if dash == "solid" else dash for dash in dashes]
    brush = alt.selection_interval(encodings=["x"])
    lines = (
        alt.Chart(found)
        .mark_line(strokeWidth=2)
        .encode(
            x=alt.X("step:Q", title=tr("step")),
            y=alt.Y("value:Q", title=tr(KINDS[channel])).scale(type="log"),
            color=alt.Color("level:N").scale(domain=names, range=colours).legend(orient="top", title=None),
            strokeDash=alt.StrokeDash("level:N").scale(domain=names, range=dashes).legend(None),
            tooltip=[
                alt.Tooltip("level", title=tr("level")),
                alt.Tooltip("step", title=tr("step")),
                alt.Tooltip("value", title=tr("value"), format=".3g"),
            ],
        )
    )
    above = lines.encode(x=alt.X("step:Q", title=None).scale(domain=brush)).properties(height=200, width="container")
    below = lines.encode(y=alt.Y("value:Q", title=None, axis=None).scale(type="log"))
    return above & below.properties(height=40, width="container").add_params(brush)


def sentence(traces: list[Trace]) -> str:
    """The middle size of a write of every level."""
    parts = []
    for trace in traces:
        for i, level in enumerate(trace.levels):
            sizes = trace["change"][trace["wrote"][:, i], i]
            if len(sizes):
                which = {"learner": arm_name(trace), "level": level_name(level)}
                parts.append(tr("{learner} {level} {percent:.2g} %", **which, percent=100 * float(np.median(sizes))))
    if not parts:
        return tr("Nothing was written.")
    return tr("Half of the writes are below {sizes} of the memory.", sizes=", ".join(parts))
