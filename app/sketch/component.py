"""Axes to sketch a curve on, with a finger, the mouse or the arrow keys; all of it in this folder, nothing fetched."""

from dataclasses import asdict
from pathlib import Path

from streamlit.components.v2 import component

from .axes import Axis

_here = Path(__file__).resolve().parent
_sketch = component(
    "nested_learning_sketch",
    **{kind: (_here / f"sketch.{kind}").read_text(encoding="utf-8") for kind in ("html", "css", "js")},
)


def sketch(axis: Axis, key: str, value: list[float] | None = None, locked: bool = False) -> list[float] | None:
    """The sketched heights, from left to right; `value` until something was drawn, None where nothing was."""
    data = {"axis": asdict(axis), "label": axis.label, "name": key, "locked": locked, "value": value}
    result = _sketch(key=key, data=data, default={"curve": value}, on_curve_change=lambda: None)
    return result.curve
