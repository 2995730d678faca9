"""The prediction: made before the run, locked with one click, then shown as it was."""

import streamlit as st

from lessons.lesson import Lesson, Pick, Point, Prediction, Sketch
from lessons.picture import tidy

from ..language import tr
from ..sketch.axes import of_lesson
from ..sketch.component import sketch
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
            tr("Lock my prediction"),
            key="lock",
            type="primary",
            disabled=guess is None,
            on_click=lambda: lock(_text(lesson)),
        )
        st.button(tr("Skip"), key="skip", on_click=lock, args=(SKIP,), help=tr("Go on without a prediction"))
    st.caption(tr("Once locked it stays as it is; it is drawn over what will be measured. A wrong one teaches most."))


def _text(lesson: Lesson) -> str:
    """The prediction as it is when Lock is pressed: the last change may have come with that very click."""
    asked, guess = lesson.prediction, st.session_state[f"guess {lesson.number}"]
    return asked.write(guess["curve"] if isinstance(asked, Sketch) else guess)


def _widgets(lesson: Lesson):
    """The prediction so far; None while nothing was chosen."""
    asked, key = lesson.prediction, f"guess {lesson.number}"
    if isinstance(asked, Pick):
        return st.radio(
            tr("Your prediction"),
            range(len(asked.options)),
            index=None,
            format_func=lambda i: tr(asked.options[i]),
            key=key,
            label_visibility="collapsed",
        )
    if isinstance(asked, Point):
        middle = asked.low + (asked.high - asked.low) // 2
        label = f"{tr(asked.label)} ({tr(asked.unit)})"
        return st.slider(label, asked.low, asked.high, middle, asked.step, key=key)
    return _sketch(asked, key)


def _sketch(asked: Sketch, key: str) -> tuple[float, ...] | None:
    """The heights of a curve that is drawn by hand or by keys; None until all of it is there."""
    drawn = st.session_state.setdefault("sketches", {})  # a component out of view is forgotten, this is not
    drawn[key] = sketch(of_lesson(asked), key, drawn.get(key))
    return tuple(drawn[key]) if drawn[key] else None


def _locked(lesson: Lesson, guess) -> None:
    asked = lesson.prediction
    if guess is None:
        st.info(tr("You went on without a prediction."))
        return
    st.info(tr("Locked: {words}.", words=_words(asked, guess)))
    if isinstance(asked, Sketch):
        sketch(of_lesson(asked), f"locked {lesson.number}", list(guess), locked=True)


def _words(asked: Prediction, guess) -> str:
    if isinstance(asked, Pick):
        return tr(asked.options[guess])
    unit = tr(asked.unit)
    if isinstance(asked, Point):
        return f"{tidy(guess)} {unit}"
    points = zip(map(tr, map(str, asked.xs)), guess, strict=True)
    return ", ".join(tr("{y} {unit} at {x}", y=tidy(y), unit=unit, x=x) for x, y in points)
