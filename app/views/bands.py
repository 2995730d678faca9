"""Several seeds in one picture: the mean score over the tasks seen so far, with its interval, for every learner."""

import numpy as np
import pandas as pd

from nested_core.metrics import average_accuracy, bootstrap_interval
from nested_core.phrase import phrase
from nested_core.trace import Trace

from ..language import tr
from ..theme import HUES, NARROW, arm_name, drawn, faded
from .picture import caption, savable

BETTER = phrase("**{one}** ends better than **{other}**: {gain}, ahead in {ahead} of {seeds} seeds")
WORSE = phrase("**{one}** ends worse than **{other}**: {gain}, ahead in {ahead} of {seeds} seeds")
ALIKE = phrase(
    "**{one}** ends neither better nor worse, as far as one can tell, than **{other}**: {gain}, "
    "ahead in {ahead} of {seeds} seeds"
)


def seen_means(trace: Trace) -> np.ndarray:
    """Mean score over the tasks whose visit has begun, at every probe: [P]."""
    starts = {task: start - 1 for task, start, _ in reversed(trace.visits())}
    seen = np.array([[step >= starts.get(t, np.inf) for t in range(len(trace.tasks))] for step in trace["probe_step"]])
    return np.where(seen, trace["score"], 0).sum(1) / np.maximum(seen.sum(1), 1)


def ends(seeds: list[list[Trace]]) -> np.ndarray:
    """Final mean over all tasks, the larger the better: [seeds, learners]."""
    sign = -1 if seeds[0][0].lower_is_better else 1
    return np.array([[sign * average_accuracy(trace.task_matrix()) for trace in traces] for traces in seeds])


def sentence(seeds: list[list[Trace]]) -> str:
    """Who is ahead of whom, by how much, in how many seeds; "" for less than two seeds or learners."""
    if len(seeds) < 2 or len(seeds[0]) < 2:
        return ""
    names, final, unit = [arm_name(t) for t in seeds[0]], ends(seeds), seeds[0][0].unit
    parts = []
    for i, other in enumerate(names[1:], start=1):
        gain = final[:, 0] - final[:, i]
        low, high = bootstrap_interval(gain)
        verdict, told = BETTER if low > 0 else WORSE if high < 0 else ALIKE, _gain(gain.mean(), low, high, unit)
        ahead = int((gain > 0).sum())
        parts.append(tr(verdict, one=names[0], other=other, gain=told, ahead=ahead, seeds=len(gain)))
    return "; ".join(parts) + "."


def _gain(mean: float, low: float, high: float, unit: str) -> str:
    """By how much, and its interval."""
    if unit == "accuracy":
        return tr("{mean:+.1f} [{low:.1f}, {high:.1f}] points", mean=100 * mean, low=100 * low, high=100 * high)
    return tr("{mean:+.2f} [{low:.2f}, {high:.2f}] bits", mean=mean, low=low, high=high)


def table(seeds: list[list[Trace]]) -> pd.DataFrame:
    """The final means, one row a seed."""
    sign = -1 if seeds[0][0].lower_is_better else 1
    frame = pd.DataFrame(sign * ends(seeds), columns=[arm_name(t) for t in seeds[0]])
    frame.insert(0, tr("seed"), [traces[0].meta["seed"] for traces in seeds])
    return frame


def option(seeds: list[list[Trace]]) -> dict:
    """An ECharts line with a band for every learner; thin lines are the single seeds."""
    first, unit, series = seeds[0], seeds[0][0].unit, []
    for i, trace in enumerate(first):
        colour, steps = HUES[i], trace["probe_step"]
        rows = np.stack([seen_means(traces[i]) for traces in seeds])
        low, high = bootstrap_interval(rows)
        name = arm_name(trace)

        def line(values, steps=steps, name=name, **more):
            data = [[int(s), drawn(v, unit)] for s, v in zip(steps, values, strict=True)]
            quiet = {"type": "line", "showSymbol": False, "animation": False, "name": name, "data": data}
            return {**quiet, **more}

        plain = {"silent": True, "lineStyle": {"opacity": 0}, "stack": name}
        series.append(line(low, id=f"low {i}", **plain))
        wide = {"areaStyle": {"color": faded(colour, 0.25)}, "itemStyle": {"color": colour}}
        series.append(line(high - low, id=f"high {i}", **plain, **wide))
        thin = {"silent": True, "lineStyle": {"color": colour, "width": 1, "opacity": 0.35}}
        series += [line(row, id=f"seed {i} {k}", **thin) for k, row in enumerate(rows)]
        last = f"{name} {drawn(rows[:, -1].mean(), unit)}{NARROW}{'%' if unit == 'accuracy' else tr('bits')}"
        bold = {"lineStyle": {"color": colour, "width": 3, "type": ["solid", [7, 3], [2, 3]][i % 3]}}
        label = {"show": True, "formatter": last, "fontSize": 12}
        series.append(line(rows.mean(0), id=f"mean {i}", endLabel=label, itemStyle={"color": colour}, **bold))
    name = tr("mean accuracy (%)") if unit == "accuracy" else tr("mean bits per character")
    axis, total = {"type": "value", "nameLocation": "middle"}, first[0].meta["steps"]
    return {
        "animation": False,
        **savable(caption(first, [traces[0].meta["seed"] for traces in seeds])),
        "grid": {"left": 56, "right": 130, "top": 22, "bottom": 60},
        "xAxis": {**axis, "name": tr("step"), "nameGap": 26, "max": total, "splitLine": {"show": False}},
        "yAxis": {**axis, "name": name, "nameGap": 36, "scale": True},
        "series": series,
        "legend": {"show": False},
    }
