"""The place to draw: a Streamlit component of plain JavaScript, and where its image is kept."""

from pathlib import Path

import streamlit as st

from nested_core.config import ConfigError
from nested_core.phrase import phrase

from ..language import tr
from . import strokes
from .strokes import EMPTY, Image

HERE = Path(__file__).resolve().parent
KEY = "draw pad"
MOUNT = st.components.v2.component(
    "draw_digit", **{part: (HERE / f"canvas.{part}").read_text(encoding="utf-8") for part in ("html", "css", "js")}
)

WORDS = {
    "canvas": phrase("Draw a digit here with mouse, pen or finger. By keyboard, use the cells that follow."),
    "cells": phrase("The 8 by 8 image that the learners see. Arrows move, Space changes a cell."),
    "cell": phrase("row {row}, column {column}"),  # canvas.js puts both in
    "clear": phrase("Clear"),
}


def image() -> Image:
    """What is asked about: drawn, toggled, or one of the set."""
    return st.session_state.setdefault("draw image", EMPTY)


def put(picture: Image) -> None:
    """Show a ready image in place of what was drawn."""
    st.session_state["draw image"], st.session_state["draw strokes"] = picture, False


def drawn() -> None:
    """Take over what the canvas sent."""
    drawing = st.session_state[KEY].get("drawing")
    if drawing is None:
        return
    try:
        st.session_state["draw image"] = strokes.read(drawing)
        st.session_state["draw strokes"] = "strokes" in drawing
        st.session_state["draw truth"] = None  # nobody said yet what this one is
    except ConfigError as error:
        st.session_state["draw problem"] = tr(error)


def canvas() -> None:
    """Draw the place to draw."""
    MOUNT(
        key=KEY,
        data={
            "image": list(image()),
            "drawn": st.session_state.get("draw strokes", False),
            "words": {part: tr(words) for part, words in WORDS.items()},
        },
        on_drawing_change=drawn,
    )
