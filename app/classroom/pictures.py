"""A class's answers and runs as ECharts options, each with its description in words."""

import textwrap
from typing import Any

import numpy as np

from app.language import plural, tr
from app.theme import INK, faded, hue, learner_name
from lessons.plain import plain

from . import tally
from .activity import Question
from .tally import end, number, told

CLASS, RIGHT, ARMS = hue(0), hue(2), {"nested": hue(0), "single_loop": hue(1), "transformer": hue(3)}
PLAIN = {"animation": False, "tooltip": {"show": False}, "legend": {"show": False}}
LETTERS = 26  # in a line of an option's label
CLOUD = 60  # curves drawn; more are one grey mass

Picture = tuple[dict, str]  # an option, and its words


def answers(
    question: Question,
    values: list,
    revealed: bool,
    size: int = 14,
    truth: dict | None = None,
    mine: Any = None,
    letters: int = LETTERS,
) -> Picture:
    """Everybody's answers to one question. truth: pooled runs to draw over sketches; mine: one's own sketch."""
    if question.kind == "sketch":
        return cloud(question, values, truth, size, mine, revealed)
    if question.kind == "choice":
        return histogram(question, values, revealed, size, letters)
    return dots(question, values, revealed, size)


def wrapped(option: str, letters: int) -> list[str]:
    """The label of an option in lines."""
    return textwrap.wrap(plain(option), letters) or [""]


def histogram(question: Question, values: list[int], revealed: bool, size: int, letters: int = LETTERS) -> Picture:
    """Bars, one for each option; the right one marked when it is revealed."""
    found = tally.counts(question, values)
    right = question.answer if revealed else None
    names = [f"{'✓ ' if i == right else ''}{plain(option)}" for i, option in enumerate(question.options)]
    labels = ["\n".join(wrapped(name, letters)) for name in names]
    option = {
        **PLAIN,
        "grid": {"left": 8, "right": 44, "top": 4, "bottom": 4, "containLabel": True},
        "xAxis": {"type": "value", "min": 0, "max": max(5, *found), "show": False},
        "yAxis": {
            "type": "category",
            "inverse": True,
            "data": labels,
            "axisTick": {"show": False},
            "axisLine": {"show": False},
            "axisLabel": {"fontSize": size, "lineHeight": round(1.25 * size), "interval": 0},
        },
        "series": [
            {
                "type": "bar",
                "data": [{"value": n, "itemStyle": {"color": RIGHT if i == right else CLASS}} for i, n in
                         enumerate(found)],
                "barMaxWidth": 3 * size,
                "label": {"show": True, "position": "right", "fontSize": size},
            }
        ],
    }  # fmt: skip
    given = "; ".join(f"{name}: {n}" for name, n in zip(names, found, strict=True))
    return option, tr("Answers. {given}.", given=given)


def dots(question: Question, values: list[float], revealed: bool, size: int) -> Picture:
    """One dot for each answer, piled up where answers are alike; a line at the right value when it is revealed."""
    axis = question.axis
    width = (axis.high - axis.low) / 50
    piles: dict[int, int] = {}
    points = []
    for value in sorted(values):
        place = round((value - axis.low) / width)
        piles[place] = piles.get(place, 0) + 1
        points.append([round(axis.low + place * width, 6), piles[place]])
    show = revealed and question.answer is not None
    line = {
        "silent": True,
        "symbol": "none",
        "lineStyle": {"color": RIGHT, "width": 3},
        "label": {"formatter": f"{question.answer:g}" if show else "", "fontSize": size, "color": RIGHT},
        "data": [{"xAxis": question.answer}] if show else [],
    }
    option = {
        **PLAIN,
        "grid": {"left": 16, "right": 24, "top": 24, "bottom": 20 + 2 * size, "outerBoundsMode": "none"},
        "xAxis": _across(axis.low, axis.high, axis.label, size),
        "yAxis": {"type": "value", "min": 0, "max": max(8, *piles.values(), 0) + 1, "show": False},
        "series": [
            {
                "type": "scatter",
                "data": points,
                "symbolSize": size,
                "itemStyle": {"color": CLASS},
                "markLine": line,
            }
        ],
    }
    words = [tr("{n} answers.", n=len(values))]
    if values:
        words.append(tr("Half of them at or below {middle:g} {unit}.", middle=np.median(values), unit=axis.unit))
    if show:
        words.append(tr("Right is {answer:g}.", answer=question.answer))
    return option, " ".join(words)


def cloud(
    question: Question, values: list[list[float]], truth: dict | None, size: int, mine=None, revealed: bool = False
) -> Picture:
    """Every sketched curve, thin; their median, thick; one's own, dashed; over them what was measured."""
    axis = question.axis
    low, high = axis.low, axis.high
    xs = list(axis.places) or np.linspace(axis.start, axis.end, axis.points).round(3).tolist()
    middle = tally.middle(values)
    lines = [_line(xs, curve, CLASS, 1.5, 0.5) for curve in values[-CLOUD:]]
    words = [tr("{n} sketched curves.", n=len(values))]
    if values:
        lines.append(_line(xs, middle, CLASS, 4, 1, tr("class"), size))
        words.append(tr("The class's median ends at {end:.0f} {unit}.", end=middle[-1], unit=axis.unit))
    if mine:
        lines.append(_line(xs, mine, INK, 3, 1, tr("you"), size))
        lines[-1]["lineStyle"]["type"] = "dashed"
    arm = (truth["arms"].get("single_loop") or next(iter(truth["arms"].values()))) if truth else None
    if arm:
        inside = [i for i, step in enumerate(truth["steps"]) if axis.start <= step <= axis.end]
        steps, mean = [truth["steps"][i] for i in inside], [arm["mean"][i] for i in inside]
        lines.append(_line(steps, mean, ARMS["single_loop"], 4, 1, tr("measured"), size))
        ends = dict(end=number(mean[-1], truth["unit"]), unit=axis.unit, runs=truth["runs"])
        words.append(tr("Measured at the end: {end} {unit}, {runs} runs.", **ends))
    elif revealed and question.answer is not None:
        heights = list(question.answer)
        low, high = min([low, *heights]), max([high, *heights])  # what is measured may lie off the axes
        lines.append(_line(xs, heights, ARMS["single_loop"], 4, 1, tr("measured"), size))
        found = ", ".join(tr("{height:g} at {place}", height=y, place=x) for x, y in zip(xs, heights, strict=True))
        words.append(tr("Measured: {heights}.", heights=found))
    across = _across(axis.start, axis.end, axis.across, size)
    if axis.places:
        across |= {"type": "category", "data": xs, "boundaryGap": False, "min": 0, "max": len(xs) - 1}
    option = {
        **PLAIN,
        "grid": _grid(size, 5.4),
        "xAxis": across,
        "yAxis": {
            "type": "value",
            "min": low,
            "max": high,
            "name": axis.label,
            "nameLocation": "middle",
            "nameGap": 12 + 2 * size,
            "nameTextStyle": {"fontSize": size},
            "axisLabel": {"fontSize": size},
        },
        "series": lines,
    }
    return option, " ".join(words)


def pooled(pool: dict, size: int = 14) -> Picture:
    """The first task over the steps: for each learner the mean of all runs in its 95 % interval."""
    lines, steps = [], pool["steps"]
    for name, arm in pool["arms"].items():
        colour = ARMS.get(name, INK)
        rise = [round(high - low, 3) for low, high in zip(arm["low"], arm["high"], strict=True)]
        for data, fill in ((arm["low"], 0), (rise, 0.22)):
            lines.append(
                _line(steps, data, colour, 0, 0) | {"stack": name, "areaStyle": {"color": faded(colour, fill)}}
            )
        lines.append(_line(steps, arm["mean"], colour, 3, 1, learner_name(name), size))
    changes = {
        "silent": True,
        "symbol": "none",
        "label": {"show": False},
        "lineStyle": {"color": INK, "type": "dashed"},
        "data": [{"xAxis": step} for step in pool["changes"][:20]],
    }
    lines[-1]["markLine"] = changes
    percent = pool["unit"] == "%"
    option = {
        **PLAIN,
        "grid": _grid(size, 6),
        "xAxis": _across(0, steps[-1], tr("step (dashed: the task changes)"), size),
        "yAxis": {
            "type": "value",
            "scale": not percent,
            **({"min": 0, "max": 100} if percent else {}),
            "name": tr("first task (%)") if percent else tr("first task (bits)"),
            "nameLocation": "middle",
            "nameGap": 12 + 2 * size,
            "nameTextStyle": {"fontSize": size},
            "axisLabel": {"fontSize": size},
        },
        "series": lines,
    }
    ends = "; ".join(f"{learner_name(name)} {told(end(arm), pool)}" for name, arm in pool["arms"].items())
    return option, plural(
        "First task at the end, one run, {unit}: {ends}.",
        "First task at the end, mean of {n} runs and 95 % interval, {unit}: {ends}.",
        pool["runs"],
        unit="%" if percent else tr("bits"),
        ends=ends,
    )


def larger(option: dict, size: int) -> dict:
    """A picture of a lesson for the stage: letters nearly of `size` px, to be read from afar."""
    if size <= 14:
        return option
    text, small = {"fontSize": 0.8 * size}, {"fontSize": 0.7 * size}
    axes = {
        name: option[name] | {"nameTextStyle": small, "axisLabel": option[name].get("axisLabel", {}) | text}
        for name in ("xAxis", "yAxis")
    }
    axes["xAxis"]["nameGap"], axes["yAxis"]["nameGap"] = 1.6 * size, 2.4 * size
    axes["xAxis"]["axisLabel"]["width"] = 5 * size
    grid = option["grid"] | {"left": 3.6 * size, "bottom": 3 * size, "top": 3.4 * size}
    title = option["title"] | {"textStyle": text | {"fontWeight": 600}}
    legend = option["legend"] | {"top": 1.4 * size, "textStyle": text}
    series = [s | {"label": s["label"] | small} if "label" in s else s for s in option["series"]]
    return option | axes | {"grid": grid, "title": title, "legend": legend, "series": series}


def _grid(size: int, right: float) -> dict:
    """Room for the numbers at the left and `right` letters at the ends of lines."""
    sides = {"left": 14 + 3 * size, "right": round(right * size), "top": 12, "bottom": 20 + 2.2 * size}
    return {**sides, "outerBoundsMode": "none"}


def _line(xs: list, ys: list, colour: str, width: float, opacity: float, label: str = "", size: int = 14) -> dict:
    return {
        "type": "line",
        "showSymbol": False,
        "silent": True,
        "data": [[x, y] for x, y in zip(xs, ys, strict=True)],
        "lineStyle": {"color": colour, "width": width, "opacity": opacity},
        "endLabel": {"show": bool(label), "formatter": label, "color": colour, "fontSize": size},
        "labelLayout": {"moveOverlap": "shiftY"},
    }


def _across(low: float, high: float, name: str, size: int) -> dict:
    return {
        "type": "value",
        "min": low,
        "max": high,
        "name": name,
        "nameLocation": "middle",
        "nameGap": 12 + 1.4 * size,
        "nameTextStyle": {"fontSize": size},
        "axisLabel": {"fontSize": size, "hideOverlap": True, "margin": 12},
        "splitLine": {"show": False},
    }
