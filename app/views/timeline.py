"""The main picture: for every learner its forgetting curves, which of its levels wrote when, and its gates.

All panels share one time axis from step 0 to the last planned one, the shading of the tasks, and the cursor under the
mouse. The result is an ECharts option: a plain dict.
"""

from nested_core.trace import Trace

from ..language import tr
from ..theme import INK, arm_name, faded, hue, samples
from . import curves, gates, raster
from .picture import caption, savable

TOP = 3  # px, so that no letter of the first title is cut off
LEFT, RIGHT = 70, 78  # px kept for names of rows and for labels at the ends of lines
TITLE, CURVES, ROW, GATE, BETWEEN, GAP, FOOT = 28, 140, 17, 64, 6, 10, 54  # px
SMALL = {"fontSize": 11, "fontWeight": 400}


def panels(trace: Trace) -> dict[str, int]:
    """The panels of one learner from top to bottom, and their heights in pixels."""
    found = {"curves": CURVES, "raster": ROW * len(trace.levels)}
    return {**found, **(dict.fromkeys(gates.NAMES, GATE) if gates.recorded(trace) else {})}


def _needed(trace: Trace) -> int:
    """Pixels from the top of one learner to the top of the next."""
    sizes = list(panels(trace).values())
    return TITLE + sum(sizes) + BETWEEN * (len(sizes) - 1) + 4 * BETWEEN * gates.recorded(trace) + GAP


def height(traces: list[Trace]) -> int:
    """Pixels that the picture needs."""
    return TOP + FOOT + sum(map(_needed, traces))


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
        "label": {"show": True, "formatter": tr("changed"), "position": "insideEndTop", "fontSize": 11, "color": INK},
        "lineStyle": {"color": INK, "type": [2, 2], "width": 1.5},
        "data": [{"xAxis": step} for step in steps],
    }


def _x_axis(trace: Trace, panel: int, total: int, named: bool) -> dict:
    """The steps of a panel; only the lowest of all is named and labelled."""
    each = {"count": trace.meta["samples"], "samples": samples(trace.unit)}
    return {
        "type": "value",
        "gridIndex": panel,
        "min": 0,
        "max": total,
        "splitLine": {"show": False},
        "axisLabel": {"show": named, "hideOverlap": True},
        "axisTick": {"show": named},
        "axisLine": {"show": named, "onZero": False},
        "name": tr("step ({count} {samples} each)", **each) if named else "",
        "nameLocation": "middle",
        "nameGap": 26,
        "axisPointer": {"show": True, "snap": False, "label": {"show": named, "precision": 0}},
    }


def _y_axis(panel: int, name: str, low: float, high: float, interval: float) -> dict:
    return {
        "type": "value",
        "gridIndex": panel,
        "min": low,
        "max": high,
        "name": name,
        "nameLocation": "middle",
        "nameGap": 34,
        "interval": interval,
        "axisPointer": {"show": False},
    }


def _rows(panel: int, names: list[str]) -> dict:
    """The y axis of a raster: one row for each level."""
    return {
        "type": "category",
        "gridIndex": panel,
        "inverse": True,
        "data": names,
        "axisTick": {"show": False},
        "axisLine": {"show": False},
        "axisLabel": {"fontSize": 11, "interval": 0},
        "axisPointer": {"show": False},
    }


def _totals(trace: Trace, top: int) -> list[dict]:
    """How often each level wrote, at the end of its row."""
    return [
        {"text": text, "right": 0, "top": top + ROW * i + 4, "padding": 0, "textStyle": SMALL}
        for i, text in enumerate(raster.row_totals(trace))
    ]


def _backdrop(trace: Trace, panel: int, numbered: bool) -> dict:
    """Shading of the tasks and marks of changes, behind whatever a panel shows."""
    return {
        "type": "line",
        "id": f"shade {panel}",
        "name": "",
        "xAxisIndex": panel,
        "yAxisIndex": panel,
        "data": [],
        "silent": True,
        "markArea": _areas(trace, numbered),
        "markLine": _marks(trace),
        "tooltip": {"show": False},
    }


def option(traces: list[Trace], ghosts: list[Trace] = ()) -> dict:
    """The picture of these learners as they stand; ghosts: how they stood before a change, drawn pale."""
    low, high = curves.y_range(traces)
    accuracy = traces[0].unit == "accuracy"
    title, every = (tr("accuracy (%)"), 25) if accuracy else (tr("bits per character"), max(1, (high - low) // 4))
    scale = (title, low, high, every)
    grids, xs, ys, titles, series, top = [], [], [], [], [], TOP
    total = max(trace.meta["steps"] for trace in traces)
    for trace in traces:
        titles.append(
            {"text": arm_name(trace), "left": 0, "top": top, "textStyle": {"fontSize": 15, "fontWeight": 600}}
        )
        kinds, place = panels(trace), top + TITLE
        for kind, size in kinds.items():
            panel = len(grids)
            if kind in gates.NAMES:
                place += BETWEEN  # its scale begins with a number of its own
            box = {"left": LEFT, "right": RIGHT, "top": place, "height": size}
            grids.append({**box, "containLabel": False, "outerBoundsMode": "none"})
            xs.append(_x_axis(trace, panel, total, named=trace is traces[-1] and kind == list(kinds)[-1]))
            if kind == "curves":
                ys.append(_y_axis(panel, *scale))
                series += curves.series(trace, panel, CURVES, low, high)
                alike = [ghost for ghost in ghosts if arm_name(ghost) == arm_name(trace)]
                series += [line for ghost in alike for line in curves.ghost(ghost, panel)]
            elif kind == "raster":
                ys.append(_rows(panel, raster.row_names(trace)))
                series += raster.series(trace, panel)
                titles += _totals(trace, place)
            else:
                least, most = gates.y_range(traces, kind)
                ys.append(_y_axis(panel, tr(gates.NAMES[kind]), least, most, (most - least) / 2))
                series += gates.series(trace, panel, kind, GATE, least)
            series.append(_backdrop(trace, panel, kind == "curves"))
            place += size + BETWEEN
        top += _needed(trace)
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
