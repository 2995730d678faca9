"""The main picture: for every learner its forgetting curves and, below them, which of its levels wrote when.

All panels share one time axis from step 0 to the last planned one, the shading of the tasks, and the cursor under the
mouse. The result is an ECharts option: a plain dict.
"""

from nested_core.trace import Trace

from ..theme import INK, arm_name, faded, hue, samples
from . import curves, raster
from .picture import caption, savable

TOP = 3  # px, so that no letter of the first title is cut off
LEFT, RIGHT = 70, 78  # px kept for names of rows and for labels at the ends of lines
TITLE, CURVES, ROW, GAP, FOOT = 28, 140, 17, 10, 54  # px


def height(traces: list[Trace]) -> int:
    """Pixels that the picture needs."""
    return TOP + FOOT + sum(TITLE + CURVES + 6 + ROW * len(t.levels) + GAP for t in traces)


def _shades(trace: Trace) -> list:
    """One tinted band for every visit, with the task's number on top."""
    visits = trace.visits()
    few = len(visits) <= 30
    return [
        [
            {
                "xAxis": start - 1,
                "itemStyle": {"color": faded(hue(task), 0.13)},
                "label": {
                    "show": few,
                    "formatter": str(task + 1),
                    "position": "top",
                    "distance": 2,
                    "fontSize": 12,
                    "fontWeight": 600,
                    "color": hue(task),
                },
            },
            {"xAxis": end},
        ]
        for task, start, end in visits
    ]


def _areas(trace: Trace, labels: bool) -> dict:
    shades = _shades(trace)
    for band, _ in shades:
        band["label"]["show"] = labels and band["label"]["show"]
    return {"silent": True, "animation": False, "data": shades}


def _marks(trace: Trace) -> dict:
    """A line wherever a person changed the levels."""
    steps = [edit["step"] for edit in trace.meta["config"].get("edits", []) if edit["step"] <= trace.steps]
    return {
        "silent": True,
        "animation": False,
        "symbol": "none",
        "label": {"show": True, "formatter": "changed", "position": "insideEndTop", "fontSize": 11, "color": INK},
        "lineStyle": {"color": INK, "type": [2, 2], "width": 1.5},
        "data": [{"xAxis": step} for step in steps],
    }


def option(traces: list[Trace], ghosts: list[Trace] = ()) -> dict:
    """The picture of these learners as they stand; ghosts: how they stood before a change, drawn pale."""
    unit = traces[0].unit
    low, high = curves.y_range(traces)
    axis_name = "accuracy (%)" if unit == "accuracy" else "bits per character"
    grids, xs, ys, titles, series, top = [], [], [], [], [], TOP
    total = max(trace.meta["steps"] for trace in traces)
    for trace in traces:
        rows = raster.row_names(trace)
        last = trace is traces[-1]
        titles.append(
            {
                "text": arm_name(trace),
                "left": 0,
                "top": top,
                "textStyle": {"fontSize": 15, "fontWeight": 600},
            }
        )
        for kind in ("curves", "raster"):
            panel = len(grids)
            bottom_axis = last and kind == "raster"
            size = CURVES if kind == "curves" else ROW * len(rows)
            grids.append(
                {
                    "left": LEFT,
                    "right": RIGHT,
                    "top": top + TITLE if kind == "curves" else top + TITLE + CURVES + 6,
                    "height": size,
                    "containLabel": False,
                    "outerBoundsMode": "none",
                }
            )
            xs.append(
                {
                    "type": "value",
                    "gridIndex": panel,
                    "min": 0,
                    "max": total,
                    "splitLine": {"show": False},
                    "axisLabel": {"show": bottom_axis, "hideOverlap": True},
                    "axisTick": {"show": bottom_axis},
                    "axisLine": {"show": bottom_axis, "onZero": False},
                    "name": f"step ({trace.meta['samples']} {samples(unit)} each)" if bottom_axis else "",
                    "nameLocation": "middle",
                    "nameGap": 26,
                    "axisPointer": {"show": True, "snap": False, "label": {"show": bottom_axis, "precision": 0}},
                }
            )
            ys.append(
                {
                    "type": "value",
                    "gridIndex": panel,
                    "min": low,
                    "max": high,
                    "name": axis_name,
                    "nameLocation": "middle",
                    "nameGap": 34,
                    "interval": 25 if unit == "accuracy" else max(1, (high - low) // 4),
                    "axisPointer": {"show": False},
                }
                if kind == "curves"
                else {
                    "type": "category",
                    "gridIndex": panel,
                    "inverse": True,
                    "data": rows,
                    "axisTick": {"show": False},
                    "axisLine": {"show": False},
                    "axisLabel": {"fontSize": 11, "interval": 0},
                    "axisPointer": {"show": False},
                }
            )
            if kind == "curves":
                series += curves.series(trace, panel, CURVES, low, high)
                alike = [ghost for ghost in ghosts if arm_name(ghost) == arm_name(trace)]
                series += [line for ghost in alike for line in curves.ghost(ghost, panel)]
            else:
                series += raster.series(trace, panel)
            series.append(
                {
                    "type": "line",
                    "id": f"shade {panel}",
                    "name": "",
                    "xAxisIndex": panel,
                    "yAxisIndex": panel,
                    "data": [],
                    "silent": True,
                    "markArea": _areas(trace, kind == "curves"),
                    "markLine": _marks(trace),
                    "tooltip": {"show": False},
                }
            )
        titles += [
            {
                "text": text,
                "right": 0,
                "top": top + TITLE + CURVES + 6 + ROW * i + 4,
                "padding": 0,
                "textStyle": {"fontSize": 11, "fontWeight": 400},
            }
            for i, text in enumerate(raster.row_totals(trace))
        ]
        top += TITLE + CURVES + 6 + ROW * len(rows) + GAP
    picture = savable(caption(traces))
    return {
        "animation": False,
        **picture,
        "title": [*titles, *picture["title"]],
        "grid": grids,
        "xAxis": xs,
        "yAxis": ys,
        "series": series,
        "legend": {"show": False},
        "axisPointer": {"link": [{"xAxisIndex": "all"}], "lineStyle": {"type": "solid"}},
        "tooltip": {"trigger": "axis", "confine": True, "transitionDuration": 0, "textStyle": {"fontSize": 12}},
    }
