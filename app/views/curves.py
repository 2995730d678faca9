"""Forgetting curves: the score on held-out data of every task seen so far, over the steps of the run."""

import numpy as np
import pandas as pd

from nested_core.trace import Trace

from ..language import tr
from ..theme import arm_name, bare, dash, drawn, hue, task_name

LABEL = 13  # px between two labels at the ends of lines
MAX_POINTS = 120  # a series; more cannot be told apart on a screen and cost frames


def first_seen(trace: Trace) -> dict[int, int]:
    """The step before the first visit to each task seen so far."""
    seen = {}
    for task, start, _ in trace.visits():
        seen.setdefault(task, start - 1)
    return seen


def thin(indices: np.ndarray, limit: int = MAX_POINTS) -> np.ndarray:
    """Every k-th index and the last one."""
    step = max(1, -(-len(indices) // limit))
    kept = indices[::step]
    return kept if not len(indices) or kept[-1] == indices[-1] else np.append(kept, indices[-1])


def table(trace: Trace) -> pd.DataFrame:
    """Every plotted score: one row for each probe of each task seen."""
    seen, unit = first_seen(trace), trace.unit
    steps, scores = trace["probe_step"], trace["score"]
    rows = [
        (arm_name(trace), int(step), task_name(trace, task), float(scores[i, task]))
        for i, step in enumerate(steps)
        for task, start in sorted(seen.items())
        if step >= start
    ]
    return pd.DataFrame(rows, columns=[tr("learner"), tr("step"), tr("task"), tr(unit)])


def y_range(traces: list[Trace]) -> tuple[float, float]:
    """One scale for all learners, so that heights can be compared: percent, or whole bits around what was scored."""
    if not traces or traces[0].unit == "accuracy":
        return 0, 100
    scores = [t["score"][:, sorted(first_seen(t))] for t in traces]
    scores = np.concatenate([s[np.isfinite(s)] for s in scores] + [np.array([2.0, 6.0])])
    return float(np.floor(scores.min())), float(np.ceil(min(scores.max(), 20)))


def spread(places: dict[int, float], gap: float, top: float, bottom: float) -> dict[int, float]:
    """Move labels apart: neighbours at least `gap` pixels from each other, within top..bottom where possible."""
    order = sorted(places, key=places.get)
    moved, last = {}, top - gap
    for name in order:
        last = moved[name] = max(places[name], last + gap)
    limit = bottom
    for name in reversed(order):
        moved[name] = min(moved[name], limit)
        limit = moved[name] - gap
    return moved


def label_shifts(trace: Trace, height: float, low: float, high: float) -> dict[int, float]:
    """Pixels by which the label at the end of each task's line moves down, so that labels do not cover each other."""
    latest = {t: drawn(trace["score"][-1, t], trace.unit) for t in first_seen(trace)} if len(trace["score"]) else {}
    places = {t: height * (high - min(max(v, low), high)) / (high - low) for t, v in latest.items() if v is not None}
    return {t: round(y - places[t], 1) for t, y in spread(places, LABEL, 0, height).items()}


def series(trace: Trace, panel: int, height: float, low: float, high: float) -> list[dict]:
    """ECharts lines of one learner, ending in task number and latest score; the panel is `height` pixels high."""
    lines, steps, now = [], trace["probe_step"], trace["task"][-1] if trace.steps else -1
    shifts = label_shifts(trace, height, low, high)
    for task, start in sorted(first_seen(trace).items()):
        picked = thin(np.flatnonzero(steps >= start))
        values = trace["score"][picked, task]
        last = bare(values[-1], trace.unit) if len(values) else "-"
        lines.append(
            {
                "type": "line",
                "id": f"score {panel} {task}",
                "name": f"{task + 1} {task_name(trace, task)}",
                "xAxisIndex": panel,
                "yAxisIndex": panel,
                "showSymbol": False,
                "animation": False,
                "color": hue(task),
                "lineStyle": {"color": hue(task), "width": 3 if task == now else 2, "type": dash(task)},
                "itemStyle": {"color": hue(task)},
                "data": [[int(s), drawn(v, trace.unit)] for s, v in zip(steps[picked], values, strict=True)],
                "endLabel": {
                    "show": True,
                    "formatter": f"{{dot|●}}{task + 1}: {last}",
                    "fontSize": 11,
                    "distance": 4,
                    "offset": [0, shifts.get(task, 0)],
                    "rich": {"dot": {"color": hue(task), "fontSize": 11}},
                },
            }
        )
    return lines


def ghost(trace: Trace, panel: int) -> list[dict]:
    """The same lines as they were before a change: pale, dotted, without labels."""
    return [
        {
            "type": "line",
            "id": f"ghost {panel} {task}",
            "name": tr("{task} before the change", task=task + 1),
            "xAxisIndex": panel,
            "yAxisIndex": panel,
            "showSymbol": False,
            "animation": False,
            "silent": True,
            "z": 1,
            "lineStyle": {"color": hue(task), "width": 1.5, "type": "dotted", "opacity": 0.55},
            "itemStyle": {"color": hue(task)},
            "data": [
                [int(s), drawn(v, trace.unit)]
                for s, v in zip(trace["probe_step"][picked], trace["score"][picked, task], strict=True)
            ],
        }
        for task, start in sorted(first_seen(trace).items())
        if len(picked := thin(np.flatnonzero(trace["probe_step"] >= start)))
    ]
