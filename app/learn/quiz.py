"""The quiz before and after the lessons. Answers stay in this tab, until they are downloaded as CSV."""

import streamlit as st

from lessons.quiz import ITEMS, TIMES, choices, score, to_csv

from ..language import tr


def quiz() -> None:
    answers = st.session_state.setdefault("quiz", {time: {} for time in TIMES})
    time = st.segmented_control(tr("When"), TIMES, default=TIMES[0], required=True, key="quiz time", format_func=tr)
    for i, item in enumerate(ITEMS):
        chosen = st.radio(
            f"{i + 1}. {tr(item.text)}",
            range(len(choices(item))),
            index=answers[time].get(i),
            format_func=lambda option, item=item: tr(choices(item)[option]),
            key=f"quiz {time} {i}",
        )
        if chosen is not None:
            answers[time][i] = chosen
    said = [
        tr("{when}: {right} of {all} right", when=tr(when), right=score(answers[when]), all=len(ITEMS))
        for when in TIMES
        if len(answers[when]) == len(ITEMS)
    ]
    if said:
        st.success("; ".join(said))
    else:
        done = len(answers[time])
        st.caption(tr("{done} of {all} answered. The result appears when all are.", done=done, all=len(ITEMS)))
    st.download_button(tr("Answers as CSV"), to_csv(answers), "quiz.csv", "text/csv", key="quiz csv", on_click="ignore")
