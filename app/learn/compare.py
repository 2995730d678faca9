"""What was measured, and over it what was predicted."""

import streamlit as st

from lessons.lesson import Lesson, Results

from ..language import tr
from . import draw
from .progress import Progress, value
from .words import say


def compare(lesson: Lesson, progress: Progress, found: Results) -> None:
    """What was measured, with the prediction as a ghost."""
    revealed, guess = lesson.reveal(found), value(progress, lesson)
    figure = lesson.with_prediction(revealed, guess)
    if guess is not None:
        st.markdown(f"**{tr(lesson.prediction.compare(guess, revealed.truth))}**")
    say(revealed.sentence)
    st.echarts_chart(draw.option(figure), height=draw.height(figure), key="reveal", alt=draw.words(figure))
    with st.expander(tr("The numbers")):
        st.dataframe(draw.table(figure), hide_index=True)
