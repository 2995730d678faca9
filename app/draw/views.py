"""What every level sees in a drawing, after each task: pure functions of answers and of the order of the tasks."""

from html import escape

import numpy as np
import pandas as pd

from ..language import tr
from ..theme import HUES, INK, every, faded, hue, learner_name, task_words
from .questions import Answer

PANEL, TITLE, FOOT = 56, 26, 34  # px


def order(tasks: list[str]) -> list[tuple[int, int]]:
    """(class, task that brought it), as they were learned; tasks are named "digits 3 7"."""
    return [(int(digit), t) for t, name in enumerate(tasks) for digit in name.split()[1:]]


def name(answer: Answer) -> str:
    return learner_name(answer.arm)


def asked(row: str) -> str:
    """Who was asked: a level, or all together."""
    period = row.removeprefix("every ")
    return every(int(period)) if period != row else tr(row)


def verdict(said: int, truth: int | None) -> str:
    return f"{said}" if truth is None else f"{said} ✓" if said == truth else f"{said} ✗"


def sentence(answer: Answer, tasks: list[str], task: int, truth: int | None) -> str:
    """What the learner answers after this task, level by level, and when it learned that class."""
    said = answer.says(task)
    since = dict(order(tasks)).get(said, len(tasks))
    words = {"name": name(answer), "verdict": verdict(said, truth), "score": float(answer.scores[task, -1, said])}
    if since <= task:
        whole = tr("**{name}** answers **{verdict}** ({score:.2f}), learned in task {task}.", task=since + 1, **words)
    else:
        whole = tr("**{name}** answers **{verdict}** ({score:.2f}), not taught yet.", **words)
    if len(answer.rows) == 1:
        return whole
    alone = ", ".join(f"{asked(row)}: {answer.says(task, i)}" for i, row in enumerate(answer.rows[:-1]))
    return f"{whole} {tr('Asked alone: {answers}.', answers=alone)}"


def option(answer: Answer, tasks: list[str], task: int) -> dict:
    """Ten bars for every level, classes in the order in which they were learned, in the colour of their task."""
    classes = order(tasks)
    grids, xs, ys, series, titles = [], [], [], [], []
    low = min(0.0, float(np.floor(2 * answer.scores[task].min()) / 2))
    high = max(1.0, float(np.ceil(2 * answer.scores[task].max()) / 2))
    for i, row in enumerate(answer.rows):
        top, last = i * (PANEL + TITLE), i == len(answer.rows) - 1
        grids.append({"left": 34, "right": 8, "top": top + TITLE, "height": PANEL, "outerBoundsMode": "none"})
        titles.append(
            {
                "text": f"{asked(row)}: {answer.says(task, i)}",
                "left": 0,
                "top": top + 2,
                "padding": 0,
                "textStyle": {"fontSize": 12, "fontWeight": 600 if last else 400},
            }
        )
        xs.append(
            {
                "type": "category",
                "gridIndex": i,
                "data": [str(digit) for digit, _ in classes],
                "axisLabel": {"show": last, "interval": 0, "fontSize": 13},
                "axisTick": {"show": False},
                "axisLine": {"onZero": True},
            }
        )
        ys.append(
            {
                "type": "value",
                "gridIndex": i,
                "min": low,
                "max": high,
                "interval": 0.5,
                "axisLabel": {"showMinLabel": low == 0},
            }
        )
        data = []
        for digit, t in classes:
            colour = hue(t) if t <= task else faded(INK, 0.5)
            value = round(float(answer.scores[task, i, digit]), 3)
            chosen = {"borderColor": INK, "borderWidth": 2} if digit == answer.says(task, i) else {}
            data.append({"value": value, "itemStyle": {"color": colour, **chosen}})
        bars = {"type": "bar", "id": row, "name": asked(row), "xAxisIndex": i, "yAxisIndex": i}
        series.append({**bars, "data": data, "animation": False})
    return {
        "animation": False,
        "title": titles,
        "grid": grids,
        "xAxis": xs,
        "yAxis": ys,
        "series": series,
        "legend": {"show": False},
        "tooltip": {"trigger": "item", "confine": True, "formatter": tr("{a}: {b} gets {c}")},
    }


def height(answer: Answer) -> int:
    return len(answer.rows) * (PANEL + TITLE) + FOOT


def over_time(answers: list[Answer], tasks: list[str], task: int, truth: int | None) -> str:
    """A small table: what each learner answered after each task; a right answer is shaded."""
    head = "".join(f"<th scope='col'>+ {escape(t.removeprefix('digits '))}</th>" for t in tasks)
    lines = []
    for answer in answers:
        cells = []
        for t in range(len(tasks)):
            said = answer.says(t)
            good = faded(HUES[2], 0.35) if said == truth else "transparent"
            edge = f"outline:2px solid {INK}" if t == task else ""
            cells.append(f"<td style='background:{good};{edge}'>{verdict(said, truth)}</td>")
        lines.append(f"<tr><th scope='row'>{escape(name(answer))}</th>{''.join(cells)}</tr>")
    return (
        f"<table class='alone'><thead><tr><th scope='col'>{escape(tr('after learning'))}</th>"
        f"{head}</tr></thead><tbody>{''.join(lines)}</tbody></table>"
    )


def table(answers: list[Answer], tasks: list[str]) -> pd.DataFrame:
    """Every score: a row for each learner, task and level, a column for each class."""
    frames = [
        {
            tr("learner"): name(a),
            tr("after", "task"): task_words(tasks[t]),
            tr("asked"): asked(row),
            **{str(d): a.scores[t, i, d] for d, _ in order(tasks)},
        }
        for a in answers
        for t in range(len(tasks))
        for i, row in enumerate(a.rows)
    ]
    return pd.DataFrame(frames)
