"""The quiz before and after the lessons. Answers stay in this tab, until they are downloaded as CSV."""

import streamlit as st

from lessons.quiz import ITEMS, TIMES, choices, score, to_csv


def quiz() -> None:
    answers = st.session_state.setdefault("quiz", {time: {} for time in TIMES})
    time = st.segmented_control("When", TIMES, default=TIMES[0], required=True, key="quiz time")
    for i, item in enumerate(ITEMS):
        chosen = st.radio(
            f"{i + 1}. {item.text}",
            range(len(choices(item))),
            index=answers[time].get(i),
            format_func=lambda option, item=item: choices(item)[option],
            key=f"quiz {time} {i}",
        )
        if chosen is not None:
            answers[time][i] = chosen
    said = [
        f"{when}: {score(answers[when])} of {len(ITEMS)} right" for when in TIMES if len(answers[when]) == len(ITEMS)
    ]
    if said:
        st.success("; ".join(said))
    else:
        st.caption(f"{len(answers[time])} of {len(ITEMS)} answered. The result appears when all are.")
    st.download_button("Answers as CSV", to_csv(answers), "quiz.csv", "text/csv", key="quiz csv", on_click="ignore")
