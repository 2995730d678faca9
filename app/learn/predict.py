"""The prediction: made before the run, locked with one click, then shown as it was."""

import streamlit as st

from lessons.lesson import Lesson, Pick, Point, Sketch
from lessons.picture import Figure, tidy, with_ghost

from . import draw
from .progress import SKIP, Progress, value
from .words import say


def predict(lesson: Lesson, progress: Progress, lock) -> None:
    """lock(text) is called with what was predicted, as text."""
    say(lesson.prediction.text)
    if lesson.number in progress.locked:
        _locked(lesson, value(progress, lesson))
        return
    guess = _widgets(lesson)
    with st.container(horizontal=True):
        st.button(
            "Lock my prediction",
            key="lock",
            type="primary",
            disabled=guess is None,
            on_click=lock,
            args=("" if guess is None else lesson.prediction.write(guess),),
        )
        st.button("Skip", key="skip", on_click=lock, args=(SKIP,), help="Go on without a prediction")
    st.caption("Once locked it stays as it is; it is drawn over what will be measured. A wrong one teaches most.")


def _widgets(lesson: Lesson):
    """The prediction so far; None while nothing was chosen."""
    asked, key = lesson.prediction, f"guess {lesson.number}"
    if isinstance(asked, Pick):
        return st.radio(
            "Your prediction",
            range(len(asked.options)),
            index=None,
            format_func=asked.options.__getitem__,
            key=key,
            label_visibility="collapsed",
        )
    middle = asked.low + (asked.high - asked.low) // 2
    if isinstance(asked, Point):
        return st.slider(f"{asked.label} ({asked.unit})", asked.low, asked.high, middle, asked.step, key=key)
    return _sketch(asked, key, middle)


def _sketch(asked: Sketch, key: str, middle: float) -> tuple[float, ...]:
    """One slider for each height, and the curve through them."""
    with st.container(horizontal=True, gap="medium"):
        heights = tuple(
            st.slider(f"{asked.x_label} {x}", asked.low, asked.high, middle, asked.step, key=f"{key} {i}", width=170)
            for i, x in enumerate(asked.xs)
        )
    axes = Figure("Your curve", asked.x_label, f"{asked.label} ({asked.unit})", (), low=asked.low, high=asked.high)
    st.echarts_chart(
        draw.option(with_ghost(axes, asked.xs, heights)), height=260, key=f"{key} curve", alt=f"Your curve: {heights}"
    )
    return heights


def _locked(lesson: Lesson, guess) -> None:
    asked = lesson.prediction
    if guess is None:
        st.info("You went on without a prediction.")
    elif isinstance(asked, Pick):
        st.info(f"Locked: {asked.options[guess]}.")
    elif isinstance(asked, Point):
        st.info(f"Locked: {tidy(guess)} {asked.unit}.")
    else:
        words = ", ".join(f"{tidy(y)} {asked.unit} at {x}" for x, y in zip(asked.xs, guess, strict=True))
        st.info(f"Locked: {words}.")
