"""Memory contents: the last snapshot of one level as a heat map, and beside it what changed since the one before."""

import numpy as np
import pandas as pd

from nested_core.phrase import phrase
from nested_core.trace import Trace

from ..language import tr
from ..theme import FALL, RISE, arm_name, faded, level_name
from .picture import caption, savable

MAPS = (phrase("weights now"), phrase("changed last"))


def snapshots(trace: Trace, level: int) -> tuple[np.ndarray, np.ndarray, int, int]:
    """(contents, change, step, step before): the last two snapshots of a level; no change before the second."""
    memory, steps = trace["memory"][:, level], trace["memory_step"]
    if not len(steps):
        return np.zeros((0, 0), "float32"), np.zeros((0, 0), "float32"), 0, 0
    before = max(len(steps) - 2, 0)
    return memory[-1], memory[-1] - memory[before], int(steps[-1]), int(steps[before])


def limit(values: np.ndarray) -> float:
    """The size that gets full colour: nearly the largest, so that one outlier does not hide the rest."""
    size = np.abs(values[np.isfinite(values)])
    if not size.size or not size.max() > 0:
        return 1.0
    at = int(0.995 * (size.size - 1))
    return float(np.partition(size, at)[at]) or 1.0


def _cells(values: np.ndarray) -> list:
    return [
        [j, i, value] for i, row in enumerate(values.astype(float).round(4).tolist()) for j, value in enumerate(row)
    ]


def table(trace: Trace, level: int) -> pd.DataFrame:
    """The last snapshot, one row a cell."""
    contents, change, _, _ = snapshots(trace, level)
    rows, columns = np.indices(contents.shape)
    return pd.DataFrame(
        {
            tr("learner"): arm_name(trace),
            tr("level"): level_name(trace.levels[level]),
            tr("row"): rows.ravel(),
            tr("column"): columns.ravel(),
            tr("weight"): contents.ravel(),
            tr("change"): change.ravel(),
        }
    )


def sentence(trace: Trace, level: int) -> str:
    """What the two maps show, in words."""
    contents, change, step, before = snapshots(trace, level)
    name = level_name(trace.levels[level])
    size = float(np.linalg.norm(contents))
    if step == before:
        return tr("Step {step}: no change to show yet.", step=step)
    if not change.any():
        return tr(
            "The level {level} of {learner} wrote nothing between steps {before} and {step}.",
            level=name, learner=arm_name(trace), before=before, step=step,
        )  # fmt: skip
    return tr(
        "Between steps {before} and {step} this part of the level {level} moved by {percent:.2g} % of its size.",
        before=before, step=step, level=name, percent=100 * float(np.linalg.norm(change)) / size if size else 0.0,
    )  # fmt: skip


def option(trace: Trace, level: int) -> dict:
    """Two heat maps: weights now, and change. Orange is positive, blue negative, nothing is zero."""
    maps = snapshots(trace, level)[:2]
    ramp = [FALL, faded(FALL, 0.5), "rgba(128,128,128,0.06)", faded(RISE, 0.5), RISE]
    grids, xs, ys, series, colours, titles = [], [], [], [], [], []
    for i, (values, name) in enumerate(zip(maps, MAPS, strict=True)):
        left, right = ("0%", "52%") if i == 0 else ("52%", "0%")
        size = limit(values)
        grids.append(
            {"left": left, "right": right, "top": 26, "bottom": 26, "containLabel": False, "outerBoundsMode": "none"}
        )
        axis = {
            "type": "category",
            "gridIndex": i,
            "axisLabel": {"show": False},
            "axisTick": {"show": False},
            "axisLine": {"show": False},
        }
        xs.append({**axis, "data": [str(j) for j in range(values.shape[1])]})
        ys.append({**axis, "inverse": True, "data": [str(j) for j in range(values.shape[0])]})
        series.append(
            {
                "type": "heatmap",
                "id": str(name),
                "name": tr(name),
                "xAxisIndex": i,
                "yAxisIndex": i,
                "data": _cells(values),
                "animation": False,
            }
        )
        colours.append(
            {"show": False, "seriesIndex": i, "dimension": 2, "min": -size, "max": size, "inRange": {"color": ramp}}
        )
        titles.append(
            {
                "text": f"{tr(name)} (±{size:.2g})",
                "left": left,
                "top": 2,
                "padding": 0,
                "textStyle": {"fontSize": 12, "fontWeight": 400},
            }
        )
    which = {"learner": arm_name(trace), "level": level_name(trace.levels[level])}
    words = tr("{learner}, {level}, step {step} · {caption}", **which, step=trace.steps, caption=caption([trace]))
    picture = savable(words)
    return {
        "animation": False,
        **picture,
        "title": [*titles, *picture["title"]],
        "grid": grids,
        "xAxis": xs,
        "yAxis": ys,
        "series": series,
        "visualMap": colours,
        "legend": {"show": False},
        "tooltip": {"trigger": "item", "confine": True, "formatter": tr("row {@[1]}, column {@[0]}: {@[2]}")},
    }
