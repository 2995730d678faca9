"""Pieces that the teacher's page, the stage and the students' page draw alike."""

import streamlit as st

from app.language import tr
from app.learn.words import marked
from app.theme import learner_name

from . import pictures, recorded, tally
from .activity import Activity, Question
from .reader import View

HEIGHTS = {"point": 220, "sketch": 300}  # px


def say(text: str) -> None:
    """A text of an activity, with the words of the glossary explained; never one that a person typed."""
    st.markdown(marked(text), unsafe_allow_html=True)


def tall(question: Question, size: int = 14, letters: int = pictures.LETTERS) -> int:
    """px of the picture of all answers: options of a choice are as high as the longest needs."""
    if question.kind != "choice":
        return round(HEIGHTS[question.kind] * max(1, size / 16))
    lines = max(len(pictures.wrapped(option, letters)) for option in question.options)
    return round(len(question.options) * max(3.4, 1.25 * lines + 0.8) * max(16, size))


def run_key(step: int) -> str:
    """Names the experiment of a step in the database."""
    return f"run {step}"


def tallied(view: View, question: Question) -> str:
    """How many answered."""
    given = len(view.answers.get(question.key, {}))
    return tr("{given} of {all} answered", given=given, all=len(view.students))


def measured(view: View, activity: Activity, index: int) -> dict | None:
    """The class's own runs of this step; where there are none, the recorded ones, but only once nothing is left to
    predict: the outcome was revealed, or the teacher asked for them because nothing can be run."""
    own = view.once(("pooled", index), lambda: tally.pooled(view.runs.get(run_key(index), {})))
    step = activity.at(index)
    told = view.settings.get("recorded") or (step.question and step.question.key in view.revealed)
    return own or (recorded.find(step.link) if told else None)


def answers(
    view: View,
    activity: Activity,
    index: int,
    size: int = 14,
    hide: bool = False,
    me: int | None = None,
    letters: int = pictures.LETTERS,
) -> None:
    """Everybody's answers at a step as one picture. `hide`: nobody's; `me`: the student whose own stands out.

    What was measured is drawn over sketches once it is revealed, and as it comes in from the class's own runs.
    """
    question = activity.at(index).question
    found = {} if hide else view.answers.get(question.key, {})
    revealed = question.key in view.revealed
    truth = measured(view, activity, index) if view.closed(question.key) else None
    option, words = pictures.answers(question, list(found.values()), revealed, size, truth, found.get(me), letters)
    st.echarts_chart(option, height=tall(question, size, letters), key=f"answers {question.key}", alt=words)


def outcome(question: Question, link: str) -> None:
    """What is said when the outcome is revealed: in words, and what was recorded beforehand."""
    if question.kind == "choice" and question.answer is not None:
        st.markdown(f"**{question.options[int(question.answer)]}**")
    if question.outcome:
        say(question.outcome)
    arithmetic = question.kind == "point" and question.answer is not None
    if not arithmetic and (pool := recorded.find(link)):
        st.caption(tr("Recorded beforehand. {sentence}", sentence=recorded.sentence(pool)))


def arrived(view: View, index: int, instead: bool = False) -> str:
    """How many runs of the class are there; `instead`: recorded ones are shown."""
    found = dict(runs=len(view.runs.get(run_key(index), {})), all=len(view.students))
    if instead:
        return tr("{runs} of {all} runs have arrived; shown is what was recorded beforehand", **found)
    return tr("{runs} of {all} runs have arrived", **found)


def pooled(view: View, activity: Activity, index: int, size: int = 14) -> None:
    """One experiment spread over the class: how many runs have arrived, and all of them as one picture."""
    runs, pool = view.runs.get(run_key(index), {}), measured(view, activity, index)
    st.markdown(f"**{arrived(view, index, instead=bool(pool and not runs))}**")
    if pool is None:
        return
    option, words = pictures.pooled(pool, size)
    st.echarts_chart(option, height=round(15 * size + 60), key=f"pooled {index}", alt=words)
    arms = pool["arms"].items()
    finals = "; ".join(f"{learner_name(name)} {tally.told(arm['final'], pool)}" for name, arm in arms)
    mean = tr("Mean of all tasks at the end: {finals}.", finals=finals)
    st.caption(f"{words} {mean} {tally.wins(pool)}".strip())


def live(view: View, activity: Activity, size: int = 14, stage: bool = False) -> None:
    """Whatever the class is giving at this step. On the stage nobody's answer is shown before it is locked."""
    step = activity.at(view.step)
    question, closed = step.question, step.question is not None and view.closed(step.question.key)
    if question:
        runs = f" · {arrived(view, view.step)}" if step.spread and closed else ""
        st.markdown(f"**{tallied(view, question)}{runs}**")
        if question.kind == "sketch" or (question.kind != "text" and (closed or not stage)):
            letters = 40 if stage else pictures.LETTERS
            answers(view, activity, view.step, size, hide=stage and not closed, letters=letters)
    if step.spread and (question is None or (closed and question.kind != "sketch")):
        pooled(view, activity, view.step, size)
    if not question and not step.spread and not step.lesson:
        st.markdown(tr("**{n} joined**", n=len(view.students)))
