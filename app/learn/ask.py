"""A question whose every answer gets its own feedback at once; another try is free."""

import streamlit as st

from lessons.lesson import Question

from ..language import tr
from .words import say


def ask(question: Question, key: str) -> None:
    answers = st.session_state.setdefault("answers", {})  # widgets out of view are forgotten, this is not
    asked = f"**{tr(question.text)}**"
    say(asked)
    chosen = st.radio(
        tr("Answer"),
        range(len(question.options)),
        index=answers.get(key),
        format_func=lambda i: tr(question.options[i].text),
        key=f"answer {key}",
        label_visibility="collapsed",
    )
    if chosen is None:
        return
    answers[key] = chosen
    option = question.options[chosen]
    (st.success if option.right else st.warning)(tr(option.feedback))
