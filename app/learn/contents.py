"""The list of lessons with what is done, the quiz, and the glossary."""

from dataclasses import replace
from unicodedata import combining, normalize

import streamlit as st

import lessons
from lessons import glossary

from ..language import tr
from .progress import Progress
from .quiz import quiz
from .steps import put
from .words import say


def show(progress: Progress) -> None:
    found = lessons.all_lessons()
    st.title(tr("Learn", "page"), anchor=False)
    minutes = sum(x.minutes for x in found)
    st.markdown(
        tr(
            "{lessons} lessons, {minutes} minutes in all. In each you **predict first**, then run it and compare: "
            "people who only watch learn little, people who predict learn much more. Your place is kept in the "
            "address.",
            lessons=len(found),
            minutes=minutes,
        )
    )
    if progress.done:
        done, every = len(progress.done), len(found)
        st.progress(done / every, tr("{done} of {all} done", done=done, all=every))
    for lesson in found:
        with st.container(border=True, horizontal=True, vertical_alignment="center", horizontal_alignment="distribute"):
            mark = " ✓" if lesson.number in progress.done else ""
            named = dict(number=lesson.number, title=tr(lesson.title))
            with st.container(width=640):
                listed = dict(mark=mark, minutes=lesson.minutes, idea=tr(lesson.idea), **named)
                say(tr("**{number}. {title}**{mark} · {minutes} min  \n{idea}", **listed))
            begun = lesson.number in progress.locked
            name = tr("Again") if mark else tr("Go on") if begun else tr("Start")
            st.button(
                name,
                key=f"open {lesson.number}",
                on_click=put,
                args=(replace(progress, lesson=lesson.number, step="hook"),),
                help=tr("Lesson {number}: {title}", **named),
            )
    with st.expander(tr("Quiz: one question a lesson, before and after")):
        quiz()
    with st.expander(tr("Glossary: every word and symbol")):
        _glossary()


def _glossary() -> None:
    wanted = st.text_input(tr("Find a word"), key="find a word")
    for term in sorted(glossary.TERMS, key=_alphabetical):
        name, meaning = tr(term.name), tr(term.meaning)
        if wanted.lower() in f"{name} {meaning}".lower():
            symbol = f" ${term.symbol}$" if term.symbol else ""
            equation = f" ${term.equation}$" if term.equation else ""
            paper = f" *({tr(term.paper)})*" if term.paper else ""
            st.markdown(f"**{name}**{symbol}: {meaning}{equation}{paper}")


def _alphabetical(term: glossary.Term) -> str:
    """Its name as a dictionary sorts it: ä like a."""
    return "".join(c for c in normalize("NFD", tr(term.name)).casefold() if not combining(c))
