"""Pictures of lessons as ECharts options: lines, bars, matrices. A prediction is a dashed line with open marks.

Their words are said here, in the reader's language.
"""

from math import ceil

from lessons.picture import Figure, Matrix, Picture, spoken, tidy

from ..language import tr
from ..theme import FALL, HUES, INK, RISE, faded, hue

GHOST = HUES[3]
DASHES = ("solid", "dashed", "dotted")


def height(picture: Picture) -> int:
    return 60 + 30 * len(picture.rows) if isinstance(picture, Matrix) else 320


def option(picture: Picture) -> dict:
    said = spoken(picture, tr)
    return _matrix(said) if isinstance(said, Matrix) else _figure(said)


def words(picture: Picture) -> str:
    """The picture for somebody who cannot see it."""
    return tr(spoken(picture, tr).words)


def _figure(figure: Figure) -> dict:
    named = any(isinstance(x, str) for s in figure.series for x in s.xs)
    names = list(dict.fromkeys(x for s in figure.series for x in s.xs)) if named else None
    numbers = [x for s in figure.series for x in s.xs] if not named else [0]
    across = (
        {
            "type": "category",
            "data": names,
            "boundaryGap": figure.kind == "bars",
            "axisLabel": {"interval": 0, "width": 84, "overflow": "break"},
        }
        if named
        else {"type": "value", "min": min(numbers), "max": max(numbers), "splitLine": {"show": False}}
    )
    values = [y for s in figure.series for y in s.ys]
    low, high = min([figure.low, *values]), max([figure.high, *values])
    series = [_ghost(s) if s.ghost else _series(s, i, figure.kind) for i, s in enumerate(figure.series)]
    if figure.marks and series:
        series[0]["markLine"] = {
            "silent": True,
            "symbol": "none",
            "lineStyle": {"color": INK, "type": "dotted"},
            "data": [{"xAxis": x, "label": {"formatter": words, "color": INK}} for x, words in figure.marks],
        }
    top = 66 if len(series) > 1 else 36  # px; room for the legend
    return {
        "animation": False,
        "title": _title(figure.title),
        "legend": {"top": 22, "left": 0, "padding": 2, "type": "scroll", "show": len(series) > 1},
        "grid": {"left": 62, "right": 30, "top": top, "bottom": 48, "outerBoundsMode": "none"},
        "xAxis": {**across, "name": figure.x_label, "nameLocation": "middle", "nameGap": 28},
        "yAxis": {
            "type": "value", "min": _floor(low), "max": _ceil(high),
            "name": figure.y_label, "nameLocation": "middle", "nameGap": 40,
        },
        "tooltip": {"trigger": "axis", "confine": True, "transitionDuration": 0},
        "series": series,
    }  # fmt: skip


def _series(series, place: int, kind: str) -> dict:
    points = [[x, _round(y)] for x, y in zip(series.xs, series.ys, strict=True)]
    few = len(points) <= 12
    common = {"id": f"s{place}", "name": series.name, "data": points, "color": hue(place), "animation": False}
    if kind == "bars":
        label = {"show": True, "position": "top", "formatter": "{@[1]}", "fontSize": 11}
        return {**common, "type": "bar", "barMaxWidth": 46, "label": label}
    line = {"width": 2.5, "type": DASHES[place % len(DASHES)]}
    return {**common, "type": "line", "symbol": "circle", "symbolSize": 7, "showSymbol": few, "lineStyle": line}


def _ghost(series) -> dict:
    """What was predicted: open diamonds, and a dashed line where there are several."""
    return {
        "id": "ghost", "name": series.name, "type": "line", "z": 5, "animation": False, "color": GHOST,
        "data": [[x, _round(y)] for x, y in zip(series.xs, series.ys, strict=True)],
        "symbol": "diamond", "symbolSize": 15, "showSymbol": True,
        "itemStyle": {"color": "transparent", "borderColor": GHOST, "borderWidth": 2},
        "lineStyle": {"width": 2, "type": "dashed", "color": GHOST},
        "label": {"show": len(series.xs) == 1, "formatter": tr("you: {@[1]}"), "position": "left", "color": GHOST},
    }  # fmt: skip


def _matrix(picture: Matrix) -> dict:
    """A grid of numbers; orange is positive, blue negative, nothing is zero."""
    cells = [[j, i, _round(v)] for i, row in enumerate(picture.values) for j, v in enumerate(row)]
    limit = max([abs(v) for _, _, v in cells] + [1e-9])
    axis = {"type": "category", "axisTick": {"show": False}, "axisLine": {"show": False}, "splitArea": {"show": False}}
    return {
        "animation": False,
        "title": _title(picture.title),
        "legend": {"show": False},
        "grid": {"left": 56, "right": 8, "top": 46, "bottom": 6, "outerBoundsMode": "none"},
        "xAxis": {**axis, "position": "top", "data": list(picture.columns)},
        "yAxis": {**axis, "inverse": True, "data": list(picture.rows)},
        "visualMap": {
            "show": False, "min": -limit, "max": limit, "dimension": 2,
            "inRange": {"color": [FALL, faded(FALL, 0.4), "rgba(128,128,128,0.08)", faded(RISE, 0.4), RISE]},
        },
        "series": [
            {
                "id": "m", "type": "heatmap", "data": cells, "animation": False, "silent": True,
                "label": {
                    "show": True, "formatter": "{@[2]}", "fontSize": 12,
                    "color": "#ffffff", "textBorderColor": "#333333", "textBorderWidth": 2,
                },
            }
        ],
    }  # fmt: skip


def _title(text: str) -> dict:
    return {"text": text, "left": 0, "top": 2, "padding": 0, "textStyle": {"fontSize": 14, "fontWeight": 600}}


def table(picture: Picture) -> list[dict]:
    """The same numbers as rows."""
    picture = spoken(picture, tr)
    if isinstance(picture, Matrix):
        named = zip(picture.rows, picture.values, strict=True)
        return [{"": name, **{c: tidy(v) for c, v in zip(picture.columns, row, strict=True)}} for name, row in named]
    return [
        {tr("series"): s.name, picture.x_label: str(x), picture.y_label: tidy(y)}
        for s in picture.series
        for x, y in zip(s.xs, s.ys, strict=True)
    ]


def _round(value: float) -> float:
    return float(f"{value:.3g}")


def _floor(value: float) -> float:
    return 0 if value >= 0 else -10 * -(value // 10) if value < -5 else -5


def _ceil(value: float) -> float:
    return value if value <= 1 else ceil(value) if value <= 10 else 10 * ceil(value / 10)
