"""The axis of periods: every level a handle on a logarithmic scale, to be dragged, moved by keys, added and removed."""

from pathlib import Path

import streamlit as st

from nested_core.phrase import phrase

from ..language import tr

FOLDER = Path(__file__).resolve().parent
WORDS = {  # what axis.js says, with its own values in the braces
    "axis": phrase("Periods of the levels, on a logarithmic scale"),
    "add": phrase("Double-click to add a level here"),
    "hint": phrase("drag, ← →, Delete; double-click adds"),
    "level": phrase("Period of level {number}"),
    "period": phrase("writes every {period} steps"),
}
_mount = st.components.v2.component(
    "nested_learning.axis",
    isolate_styles=False,
    html='<div class="axis" role="group"></div>',
    **{kind: (FOLDER / f"axis.{kind}").read_text(encoding="utf-8") for kind in ("css", "js")},
)


_drawing = st.components.v2.component(
    "nested_learning.drawing",
    isolate_styles=False,
    html='<div class="drawing"></div>',
    js="export default ({data, parentElement}) => { parentElement.querySelector('.drawing').innerHTML = data }",
)


def drawing(svg: str, key: str) -> None:
    """Show an SVG of ours in the colours of the page; st.html would throw it away."""
    _drawing(key=key, data=svg)


def axis(periods: list[int], paused: list[bool], longest: int, key: str, on_change) -> None:
    """Show handles at `periods` on a scale from 1 to `longest` steps; `on_change` is called when one was changed.

    What was changed is then in st.session_state[key]["change"]: {"place": which handle, "period": where it is now, or 0
    where it was removed}; a new one has the place after the last.
    """
    words = {name: tr(said) for name, said in WORDS.items()}
    data = {"periods": periods, "paused": paused, "longest": longest, "words": words}
    _mount(key=key, data=data, on_change_change=on_change)
