"""What every level sees in a drawing, after each task: pure functions of answers and of the order of the tasks."""

from html import escape

import numpy as np
import pandas as pd

from ..theme import ARM_NAMES, HUES, INK, faded, hue
from .questions import Answer

PANEL, TITLE, FOOT = 56, 26, 34  # px


def order(tasks: list[str]) -> list[tuple[int, int]]:
    """(class, task that brought it), as they were learned; tasks are named "digits 3 7"."""
    return [(int(digit), t) for t, name in enumerate(tasks) for digit in name.split()[1:]]


def name(answer: Answer) -> str:
    return ARM_NAMES.get(answer.arm, answer.arm)


def verdict(said: int, truth: int | None) -> str:
    return f"{said}" if truth is None else f"{said} ✓" if said == truth else f"{said} ✗"


def sentence(answer: Answer, tasks: list[str], task: int, truth: int | None) -> str:
    """What the learner answers after this task, level by level, and when it learned that class."""
    said = answer.says(task)
    since = dict(order(tasks))
    when = f"learned in task {since[said] + 1}" if since.get(said, task + 1) <= task else "not taught yet"
    score = float(answer.scores[task, -1, said])
    alone = ""
    if len(answer.rows) > 1:
        parts = [f"{row}: {answer.says(task, i)}" for i, row in enumerate(answer.rows[:-1])]
        alone = f" Asked alone: {', '.join(parts)}."
    return f"**{name(answer)}** answers **{verdict(said, truth)}** ({score:.2f}), {when}.{alone}"


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
                "text": f"{row}: {answer.says(task, i)}",
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
        series.append(
            {"type": "bar", "id": row, "name": row, "xAxisIndex": i, "yAxisIndex": i, "data": data, "animation": False}
        )
    return {
        "animation": False,
        "title": titles,
        "grid": grids,
        "xAxis": xs,
        "yAxis": ys,
        "series": series,
        "legend": {"show": False},
        "tooltip": {"trigger": "item", "confine": True, "formatter": "{a}: {b} gets {c}"},
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
        "<table class='alone'><thead><tr><th scope='col'>after learning</th>"
        f"{head}</tr></thead><tbody>{''.join(lines)}</tbody></table>"
    )


def table(answers: list[Answer], tasks: list[str]) -> pd.DataFrame:
    """Every score: a row for each learner, task and level, a column for each class."""
    frames = [
        {"learner": name(a), "after": tasks[t], "asked": row, **{str(d): a.scores[t, i, d] for d, _ in order(tasks)}}
        for a in answers
        for t in range(len(tasks))
        for i, row in enumerate(a.rows)
    ]
    return pd.DataFrame(frames)
