"""The memory matrix as a heat map: row by column, what was written last outlined, and who wrote each cell."""

import numpy as np

from ..language import tr
from ..theme import FALL, RISE, faded
from .answers import token_name
from .lesson import Lesson, Run, memory, writers

SHARE = 0.2  # of the largest change that a cell must have moved to be outlined
OUTLINE = "#A87900"


def written(lesson: Lesson, run: Run, step: int) -> np.ndarray:
    """What the write of token `step` did to the cells beside fading: [d, d]; zeros before the first."""
    if step == 0:
        return np.zeros_like(memory(lesson, run, 0))
    before, write = memory(lesson, run, step - 1), run.writes[step - 1]
    return memory(lesson, run, step) - write.keep * before


def marked(change: np.ndarray) -> np.ndarray:
    """The cells that moved most, bool [d, d]."""
    size = np.abs(change)
    return size > max(SHARE * size.max(), 1e-9)


def limit(lesson: Lesson, run: Run) -> float:
    """The size of a cell that gets full colour: the same at every moment of a lesson."""
    return max(0.12, 0.5 * float(np.abs(memory(lesson, run, lesson.steps)).max()))


def option(values: np.ndarray, outlined: np.ndarray, full: float, names: np.ndarray | None = None) -> dict:
    """One heat map. Orange is positive, blue negative, nothing is zero; outlined cells have a frame."""
    ramp = [FALL, faded(FALL, 0.5), "rgba(128,128,128,0.06)", faded(RISE, 0.5), RISE]
    cells: tuple[list, list] = [], []  # plain, framed; the framed ones are drawn last, so that none is covered
    for (i, j), v in np.ndenumerate(values):
        if abs(v) > 2e-3 * full or outlined[i, j]:  # the others would be invisible
            who = [] if names is None else [tr("mostly {token}", token=names[i, j])]
            cells[int(outlined[i, j])].append([j, i, round(float(v), 3), *who])
    frame = {"borderColor": OUTLINE, "borderWidth": 1.5}
    common = {"type": "heatmap", "animation": False}
    axis = {"type": "category", "axisLabel": {"show": False}, "axisTick": {"show": False}, "axisLine": {"show": False}}
    size = [str(i) for i in range(len(values))]
    return {
        "animation": False,
        "grid": {"left": 2, "right": 2, "top": 2, "bottom": 2, "containLabel": False, "outerBoundsMode": "none"},
        "xAxis": {**axis, "data": size},
        "yAxis": {**axis, "data": size, "inverse": True},
        "series": [
            {**common, "id": "cells", "data": cells[0]},
            {**common, "id": "written last", "data": cells[1], "itemStyle": frame},
        ],
        "visualMap": {"show": False, "dimension": 2, "min": -full, "max": full, "inRange": {"color": ramp}},
        "legend": {"show": False},
        "tooltip": {
            "trigger": "item",
            "confine": True,
            "formatter": tr("row {@[1]}, column {@[0]}: {@[2]}") + " {@[3]}" * (names is not None),
        },
    }


def after(lesson: Lesson, run: Run, step: int, calm: bool) -> dict:
    """The memory after token `step`; where it stands still, every cell names the token that gave most to it."""
    change = written(lesson, run, step)
    names = None
    if calm and step:
        known = {t: token_name(lesson, t, step) for t in range(step + 1)}
        names = np.vectorize(known.get, otypes=[object])(writers(lesson, run, step))
    return option(memory(lesson, run, step), marked(change), limit(lesson, run), names)


def before(lesson: Lesson, run: Run, step: int) -> dict:
    """The memory before token `step`, with the cells outlined that it is about to change."""
    return option(memory(lesson, run, max(step - 1, 0)), marked(written(lesson, run, step)), limit(lesson, run))


def only(lesson: Lesson, run: Run, step: int) -> dict:
    """What token `step` wrote, alone."""
    change = written(lesson, run, step)
    return option(change, marked(change), limit(lesson, run))


def option_after(lesson: Lesson, run: Run, step: int) -> dict:
    """The memory after token `step`, with the cells outlined that it changed most."""
    return after(lesson, run, step, calm=True)
