"""Axes to sketch a curve on, with a finger, the mouse or the arrow keys; all of it in this folder, nothing fetched."""

from dataclasses import asdict
from pathlib import Path

from streamlit.components.v2 import component

from nested_core.phrase import phrase

from ..language import tr
from .axes import Axis

_here = Path(__file__).resolve().parent
_sketch = component(
    "nested_learning_sketch",
    **{kind: (_here / f"sketch.{kind}").read_text(encoding="utf-8") for kind in ("html", "css", "js")},
)

WORDS = {  # sketch.js puts the names and numbers in
    "begin": phrase("Draw from the left edge to the right with a finger or the mouse; or use the arrow keys."),
    "again": phrase("Draw over it to change it."),
    "empty": phrase("{name} over {across}. Left and right choose a place, up and down its height."),
    "locked": phrase("Your curve: {name} in {unit} over {across}. {heights}."),
    "nothing": phrase("nothing"),
    "not yet": phrase("nothing yet"),
}


def sketch(axis: Axis, key: str, value: list[float] | None = None, locked: bool = False) -> list[float] | None:
    """The sketched heights, from left to right; `value` until something was drawn, None where nothing was."""
    said = axis.said(tr)
    data = {"axis": asdict(said), "label": said.label, "name": key, "locked": locked, "value": value}
    data["words"] = {part: tr(words) for part, words in WORDS.items()}
    result = _sketch(key=key, data=data, default={"curve": value}, on_curve_change=lambda: None)
    return result.curve
