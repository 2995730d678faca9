"""The list of lessons with what is done, the quiz, and the glossary."""

from dataclasses import replace

import streamlit as st

import lessons
from lessons import glossary

from .progress import Progress
from .quiz import quiz
from .steps import put
from .words import say


def show(progress: Progress) -> None:
    found = lessons.all_lessons()
    st.title("Learn", anchor=False)
    minutes = sum(x.minutes for x in found)
    st.markdown(
        f"{len(found)} lessons, {minutes} minutes in all. In each you **predict first**, then run it and compare: "
        "people who only watch learn little, people who predict learn much more. Your place is kept in the address."
    )
    if progress.done:
        st.progress(len(progress.done) / len(found), f"{len(progress.done)} of {len(found)} done")
    for lesson in found:
        with st.container(border=True, horizontal=True, vertical_alignment="center", horizontal_alignment="distribute"):
            mark = " ✓" if lesson.number in progress.done else ""
            with st.container(width=640):
                say(f"**{lesson.number}. {lesson.title}**{mark} · {lesson.minutes} min  \n{lesson.idea}")
            begun = lesson.number in progress.locked
            name = "Again" if mark else "Go on" if begun else "Start"
            st.button(
                name,
                key=f"open {lesson.number}",
                on_click=put,
                args=(replace(progress, lesson=lesson.number, step="hook"),),
                help=f"Lesson {lesson.number}: {lesson.title}",
            )
    with st.expander("Quiz: one question a lesson, before and after"):
        quiz()
    with st.expander("Glossary: every word and symbol"):
        _glossary()


def _glossary() -> None:
    wanted = st.text_input("Find a word", key="find a word")
    for term in glossary.TERMS:
        if wanted.lower() in f"{term.name} {term.meaning}".lower():
            symbol = f" ${term.symbol}$" if term.symbol else ""
            equation = f" ${term.equation}$" if term.equation else ""
            paper = f" *({term.paper})*" if term.paper else ""
            st.markdown(f"**{term.name}**{symbol}: {term.meaning}{equation}{paper}")
