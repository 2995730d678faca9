"""Panels above one another that share an axis of tokens: grids, axes and titles of an ECharts option."""

from typing import Any

from ..language import tr

TITLE, FOOT = 30, 40  # px above each panel, and under the last


def height(count: int, panel: int) -> int:
    """Pixels that `count` panels of `panel` pixels need."""
    return count * (panel + TITLE) + FOOT


def panels(
    titles: list[str], panel: int, tokens: int, ranges: list[dict[str, Any]], right: int = 34, weight: int = 400
) -> dict[str, Any]:
    """One panel for each title. tokens: end of the shared axis; ranges: min, max and ticks of each value axis."""
    tops, last = [i * (panel + TITLE) for i in range(len(titles))], len(titles) - 1
    style = {"fontSize": 12, "fontWeight": weight}
    return {
        "title": [
            {"text": text, "left": 0, "top": top + 2, "padding": 0, "textStyle": style}
            for text, top in zip(titles, tops, strict=True)
        ],
        "grid": [
            {"left": 44, "right": right, "top": top + TITLE, "height": panel, "outerBoundsMode": "none"} for top in tops
        ],
        "xAxis": [
            {
                "type": "value",
                "gridIndex": i,
                "min": 0,
                "max": tokens,
                "axisLabel": {"show": i == last, "showMaxLabel": False},
                "axisLine": {"onZero": False},
                "splitLine": {"show": False},
                "name": tr("token") if i == last else "",
                "nameLocation": "middle",
                "nameGap": 24,
            }
            for i in range(len(titles))
        ],
        "yAxis": [{"type": "value", "gridIndex": i, **found} for i, found in enumerate(ranges)],
    }


def now(color: str, token: float) -> dict[str, Any]:
    """The mark of the token that is looked at."""
    return {
        "silent": True,
        "symbol": "none",
        "animation": False,
        "label": {"show": False},
        "lineStyle": {"color": color, "type": "dashed", "width": 1},
        "data": [{"xAxis": token}],
    }
