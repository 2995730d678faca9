"""Recall of every fact after every token, one panel a rule: who overwrites whom, and what fades."""

import numpy as np
import pandas as pd

from ..language import tr
from ..theme import INK, dash, hue
from .facts import words as spelled
from .lesson import Lesson, Run, choose, confidence, strengths
from .panels import height as panels_height
from .panels import now, panels

PANEL = 100  # px
POINTS = 200  # a line


def recall(lesson: Lesson, run: Run) -> np.ndarray:
    """[T + 1, F] how much of each fact's own value its key is answered; 1 is as taught, 0 is gone."""
    own = [lesson.names.index(fact.value) for fact in lesson.setting.facts]
    found = strengths(lesson, run.read)
    return np.stack([found[:, f, name] for f, name in enumerate(own)], axis=1)


def right(lesson: Lesson, run: Run, step: int) -> tuple[int, int]:
    """(answered right, taught): keys that are answered with the value taught last, after `step` tokens."""
    sure = confidence(strengths(lesson, run.read[step]))
    keys = {tuple(spelled(fact.key)): f for f, fact in enumerate(lesson.setting.facts)}
    told = [(f, lesson.right(f, step)) for f in keys.values() if lesson.right(f, step)]
    return sum([lesson.names[i] for i in choose(sure[f])] == [value] for f, value in told), len(told)


def result(lesson: Lesson, step: int) -> str:
    """One sentence: how many facts each rule still answers."""
    counts = [(tr(run.rule.name), *right(lesson, run, step)) for run in lesson.runs]
    taught = counts[0][2]
    if not taught:
        return tr("Nothing taught yet.")
    parts = [f"**{name}** {known}" for name, known, _ in counts]
    return tr("Right of {taught} taught: {counts}.", taught=taught, counts=", ".join(parts))


def option(lesson: Lesson, step: int) -> dict:
    """All rules, up to token `step`."""
    every = max(1, -(-lesson.steps // POINTS))
    shown = sorted({*range(0, step + 1, every), step, *(int(t) + 1 for t in np.flatnonzero(lesson.fact[:step] >= 0))})
    all_values = [recall(lesson, run) for run in lesson.runs]
    high = max(1.5, float(np.ceil(2 * max(values.max() for values in all_values)) / 2))
    scale = {"min": -0.5, "max": high, "interval": 0.5, "axisLabel": {"showMinLabel": False}}
    titles = [tr(run.rule.name) for run in lesson.runs]
    frame, series = panels(titles, PANEL, lesson.steps, [scale] * len(titles), weight=600), []
    for i, run in enumerate(lesson.runs):
        values = all_values[i]
        for f, fact in enumerate(lesson.setting.facts):
            told = int(np.flatnonzero(lesson.fact == f)[0])
            series.append(
                {
                    "type": "line",
                    "id": f"{run.rule.name} {f}",
                    "name": f"{f + 1} {fact}",
                    "xAxisIndex": i,
                    "yAxisIndex": i,
                    "data": [[t, round(float(values[t, f]), 3)] for t in shown if t >= told],
                    "showSymbol": False,
                    "animation": False,
                    "clip": True,
                    "lineStyle": {"color": hue(f), "type": dash(f), "width": 2},
                    "itemStyle": {"color": hue(f)},
                    "endLabel": {"show": step > told, "formatter": str(f + 1), "color": hue(f), "fontSize": 12},
                    "labelLayout": {"moveOverlap": "shiftY"},
                }
            )
        series.append(
            {
                "type": "line",
                "id": f"{run.rule.name} now",
                "xAxisIndex": i,
                "yAxisIndex": i,
                "data": [],
                "markLine": now(INK, step),
            }
        )
    return {
        **frame,
        "animation": False,
        "series": series,
        "legend": {"show": False},
        "axisPointer": {"link": [{"xAxisIndex": "all"}]},
        "tooltip": {"trigger": "axis", "confine": True, "order": "valueDesc"},
    }


def height(lesson: Lesson) -> int:
    return panels_height(len(lesson.runs), PANEL)


def table(lesson: Lesson, step: int) -> pd.DataFrame:
    """The same numbers: a row a rule and token, a column a fact."""
    frames = []
    for run in lesson.runs:
        frame = pd.DataFrame(
            recall(lesson, run)[: step + 1], columns=[f"{f + 1} {x}" for f, x in enumerate(lesson.setting.facts)]
        )
        frame.insert(0, tr("token"), range(step + 1))
        frame.insert(0, tr("rule"), tr(run.rule.name))
        frames.append(frame)
    return pd.concat(frames)
