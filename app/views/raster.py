"""Update raster: which level wrote when, and how large each write was, from the recorded writes alone."""

import numpy as np
import pandas as pd

from nested_core.phrase import phrase
from nested_core.trace import Trace

from ..language import tr
from ..theme import INK, arm_name, level_name

MAX_TICKS = 160  # a level; denser writes are drawn as bins
HEIGHTS = {  # part of the largest: px
    0.1: (phrase("small write"), 4),
    0.4: (phrase("middling write"), 8),
    1.0: (phrase("large write"), 13),
}


def rates(trace: Trace) -> pd.DataFrame:
    """The actual rate of every level: its recorded writes and the steps so far."""
    wrote, change = trace["wrote"], trace["change"]
    rows = [
        (
            arm_name(trace),
            level_name(level),
            tr(level["kind"]),
            int(wrote[:, i].sum()),
            trace.steps,
            mean_size(change[:, i], wrote[:, i]),
        )
        for i, level in enumerate(trace.levels)
    ]
    columns = [tr("learner"), tr("level"), tr("kind"), tr("steps with a write"), tr("steps")]
    return pd.DataFrame(rows, columns=[*columns, tr("mean size of a write (fraction)")])


def mean_size(change: np.ndarray, wrote: np.ndarray) -> float:
    """Mean relative size of the writes; nan without any."""
    return float(change[wrote].mean()) if wrote.any() else float("nan")


def table(trace: Trace) -> pd.DataFrame:
    """Every recorded write: one row a step and level that wrote."""
    (steps, levels), names = np.nonzero(trace["wrote"]), row_names(trace)
    return pd.DataFrame(
        {
            tr("learner"): arm_name(trace),
            tr("step"): steps + 1,
            tr("level"): [names[i] for i in levels],
            tr("size of the write (fraction)"): trace["change"][steps, levels],
            tr("surprise (norm)"): trace["surprise"][steps, levels],
        }
    )


def ticks(trace: Trace, level: int, width: int) -> tuple[np.ndarray, np.ndarray]:
    """(steps, sizes) of the writes of a level; the largest of each bin where there are too many for `width` bins."""
    steps = np.flatnonzero(trace["wrote"][:, level])
    sizes = np.nan_to_num(trace["change"][steps, level])  # where no size was recorded: as small as can be
    if len(steps) > width:
        bins = steps * width // max(trace.meta["steps"], 1)
        order = np.lexsort((steps, -sizes, bins))
        best = order[np.r_[True, np.diff(bins[order]) > 0]]
        steps, sizes = steps[best], sizes[best]
    return steps + 1, sizes


def row_names(trace: Trace) -> list[str]:
    return [level_name(level) for level in trace.levels]


def row_totals(trace: Trace) -> list[str]:
    return [tr("{count} of {steps}", count=n, steps=trace.steps) for n in trace["wrote"].sum(axis=0)]


def series(trace: Trace, panel: int) -> list[dict]:
    """ECharts ticks of one learner's levels, taller for a larger write compared with the largest of its own level."""
    data: dict[float, list[list[int]]] = {size: [] for size in HEIGHTS}
    limits = np.array(list(HEIGHTS))
    for level in range(len(trace.levels)):
        steps, sizes = ticks(trace, level, MAX_TICKS)
        kinds = np.searchsorted(limits, sizes / (sizes.max(initial=0) or 1.0))
        for kind, limit in enumerate(HEIGHTS):
            data[limit] += [[step, level] for step in steps[kinds == kind].tolist()]
    return [
        {
            "type": "scatter",
            "id": f"raster {panel} {limit}",
            "name": tr(name),
            "xAxisIndex": panel,
            "yAxisIndex": panel,
            "symbol": "rect",
            "symbolSize": [3, pixels],
            "data": data[limit],
            "animation": False,
            "silent": True,
            "itemStyle": {"color": INK, "opacity": 1},
            "tooltip": {"show": False},
        }
        for limit, (name, pixels) in HEIGHTS.items()
    ]
