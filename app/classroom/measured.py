"""What a lesson measured, for a class: the outcome of the prediction, beside everybody's answers to it.

The lesson's runs are computed once for this server in a process of their own, with the lesson's seed: the numbers are
those that the lesson's page shows. Nothing here waits.
"""

from dataclasses import replace
from typing import Any

import numpy as np
import streamlit as st

import lessons
from app.language import tr
from app.learn import draw
from app.learn.desk import recording
from lessons.lesson import Lesson, Revealed, Sketch
from lessons.picture import Figure
from nested_core.phrase import phrase

from . import pictures, tally
from .activity import Activity, Question
from .parts import say, tall
from .reader import View

WAIT = phrase("The lesson's runs are being computed …")
FAILED = phrase("The lesson's runs could not be computed; reload the page to try again.")


def prepare(activity: Activity) -> None:
    """Begin what will be compared, so that it is there when the class is."""
    for step in activity.steps:
        if step.lesson:
            recording(step.lesson)


def found(view: View, lesson: Lesson) -> Revealed | str:
    """What was measured, or a sentence that says why it is not there."""
    future = recording(lesson.number)
    if not future.done():
        return WAIT
    if future.exception():
        recording.clear(lesson.number)
        return FAILED
    return view.once(("lesson", lesson.number), lambda: lesson.reveal(future.result()))


def part(
    view: View, activity: Activity, index: int, size: int = 14, stage: bool = False, me: int | None = None
) -> None:
    """The outcome in a sentence, everybody's answers with it, and the lesson's picture with the prediction.

    me: the student whose own prediction is drawn over it; for the teacher it is the class's median.
    """
    step = activity.at(index)
    lesson, asked = lessons.lesson(step.lesson), activity.question(step.about)
    revealed = found(view, lesson)
    if isinstance(revealed, str):
        st.info(tr(revealed))
        return
    given = view.answers.get(asked.key, {})
    mine = given.get(me)
    if mine is not None:
        st.markdown(f"**{tr(lesson.prediction.compare(mine, revealed.truth))}**")
    say(revealed.sentence)
    sides = st.columns(2) if stage else (st.container(), st.container())
    with sides[0]:
        answered = answered_by(asked, revealed.truth)
        option, words = pictures.answers(answered, list(given.values()), True, size, mine=mine)
        st.echarts_chart(option, height=tall(answered, size), key=f"answers {index}", alt=words)
    with sides[1]:
        figure = ghosted(lesson, revealed, mine if me is not None else middle(asked, list(given.values())), me is None)
        option = pictures.larger(drawn(figure, me is None), size)
        height = max(draw.height(figure), tall(answered, size))
        st.echarts_chart(option, height=height, key=f"lesson {index}", alt=draw.words(figure))


def drawn(figure: Figure, of_class: bool) -> dict:
    """The lesson's picture; beside a single point of the class the lesson would say "you"."""
    option = draw.option(figure)
    if of_class:
        for series in option["series"]:
            if series["id"] == "ghost":
                series["label"]["formatter"] = tr("class: {@[1]}")
    return option


def answered_by(asked: Question, truth: Any) -> Question:
    """The prediction with what was measured as its answer; an option, a number, or the heights of a curve."""
    if asked.kind == "choice":
        return replace(asked, answer=truth)
    if asked.kind == "point":
        return replace(asked, answer=float(f"{truth:.3g}"))
    return replace(asked, answer=tuple(float(f"{height:.3g}") for height in truth))


def middle(asked: Question, values: list) -> Any:
    """The median of the class; None where nobody answered, or where answers have no order."""
    if not values or asked.kind == "choice":
        return None
    return float(np.median(values)) if asked.kind == "point" else tally.middle(values)


def ghosted(lesson: Lesson, revealed: Revealed, value: Any, of_class: bool) -> Figure:
    """The lesson's figure with a prediction over it, called after whom it is from."""
    figure = lesson.with_prediction(
        revealed, tuple(value) if isinstance(lesson.prediction, Sketch) and value else value
    )
    if not of_class:
        return figure
    named = tuple(replace(s, name=phrase("the class's median")) if s.ghost else s for s in figure.series)
    return replace(figure, series=named)
