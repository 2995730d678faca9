"""Talk to a memory: teach it facts, let noise go by, ask, and see which token wrote the answer."""

from html import escape

import streamlit as st

from app.language import tr
from app.memory_lab import answers, controls, curves, explain, gallery, maps, sentences
from app.memory_lab.hope_board import board
from app.memory_lab.lesson import Lesson, Setting, teach
from app.theme import INK, hue
from app.views.summary import plain
from nested_core.phrase import phrase

LIVE_SECONDS = 0.25
WRITE = (  # one write in three pictures: caption, picture, and what it says to who cannot see it
    (phrase("before"), maps.before, phrase("Heat map, before token {step}: rule {rule}. {said}")),
    (phrase("written"), maps.only, phrase("Heat map, written token {step}: rule {rule}. {said}")),
    (phrase("after"), maps.option_after, phrase("Heat map, after token {step}: rule {rule}. {said}")),
)


def card(lesson: Lesson, run, answer: answers.Answer, step: int, calm: bool) -> None:
    """One rule: its answer, its memory, and what it just wrote."""
    st.markdown(f"**{tr(run.rule.name)}**  \n{tr(run.rule.does)}")
    said, head = sentences.write(lesson, run, step), answers.headline(answer)
    st.markdown(f"##### {explain.literal(head)}")
    alt = tr("Moving.")
    if calm:
        alt = tr(
            "Memory of the rule {rule} as a heat map. {said} Asked: {answer}.",
            rule=run.rule.name,
            said=said,
            answer=head,
        )
    st.echarts_chart(maps.after(lesson, run, step, calm), height=220, key=f"lab map {run.rule.name}", alt=alt)
    st.caption(f"{said}  \n{explain.literal(answers.sentence(lesson, answer, step))}")


def inside(lesson: Lesson, step: int) -> None:
    """One rule's latest write: before, written, after, and the equation with its numbers."""
    names = [run.rule.name for run in lesson.runs]
    chosen = st.segmented_control(tr("Rule"), names, default="delta", format_func=tr, required=True, key="lab rule")
    run = lesson.runs[names.index(chosen)]
    if step == 0:
        st.caption(tr("Step forward: there is no write yet."))
        return
    st.markdown(f"${sentences.equation(lesson, run, step)}$  \n${sentences.values(lesson, run, step)}$")
    said = sentences.write(lesson, run, step)
    for column, (name, view, words) in zip(st.columns(3), WRITE, strict=True):
        with column:
            alt = tr(words, step=step, rule=run.rule.name, said=said)
            st.echarts_chart(view(lesson, run, step), height=260, key=f"lab inside {name}", alt=alt)
            st.caption(tr(name))


def draw(lesson: Lesson, question: str) -> None:
    """Everything that moves with time."""
    head = controls.head()
    step, moving = head.position(lesson.steps), head.moving(lesson.steps)
    if st.session_state.get("lab ticking") and not moving:
        st.session_state["lab ticking"] = False
        st.rerun()
    result = curves.result(lesson, step)
    asked = tr("Asked now: **“{question}”**", question=explain.literal(question))
    st.markdown(f"{sentences.token(lesson, step)} {result}  \n{asked}")
    found = [answers.ask(lesson, run, step, question) for run in lesson.runs]
    for column, run, answer in zip(st.columns(4), lesson.runs, found, strict=True):
        with column:
            card(lesson, run, answer, step, calm=not moving)
    facts = lesson.setting.facts
    marks = [f"<span style='color:{hue(i)}'>■</span> {i + 1} {escape(str(f))}" for i, f in enumerate(facts)]
    marks.append(f"<span style='color:{INK}'>■</span> {tr('noise')}")
    st.caption(tr(explain.MAPS))
    st.html(f"<div style='font-size:0.85rem'>{' &emsp; '.join(marks)}</div>")
    left, right = st.columns(2)
    with left:
        st.markdown(tr("##### Which token wrote the answer"))
        alt = " ".join(f"{tr(a.rule)}: {answers.sentence(lesson, a, step)}" for a in found)
        bars = answers.option(lesson, found, step)
        alt = tr("A bar a token. {answers}", answers=alt)
        st.echarts_chart(bars, height=answers.height(found), key="lab bars", alt=alt)
    with right:
        st.markdown(tr("##### What is left of every fact"))
        lines = curves.option(lesson, step)
        alt = tr("Recall. {result}", result=plain(result))
        st.echarts_chart(lines, height=curves.height(lesson), key="lab curves", alt=alt)
    if not moving:
        with st.expander(tr("Inside one write: before, after, and the equation with its numbers")):
            inside(lesson, step)
        with st.expander(tr("Data tables")):
            st.dataframe(answers.table(lesson, found, step), hide_index=True, height=260)
            st.dataframe(curves.table(lesson, step), hide_index=True, height=260)


st.title(tr("Talk to a memory"), anchor=False)
with st.sidebar:
    trained = controls.kind() == controls.TRAINED
    problems = [tr(notice) for notice in st.session_state.get("lab notices", ())]
    fields = controls.trained() if trained else controls.sidebar()
talk, listen = st.columns(2)
with talk:
    facts = controls.teach(problems)
if not facts:
    st.info(tr("Teach it a fact to begin."))
    st.stop()
with listen:
    question = controls.ask(facts, problems)
with st.sidebar:
    controls.tell(facts, fields, question)
lesson = None if trained else teach(Setting(facts, **fields))
preset = gallery.by_name(st.session_state.get("lab preset"))
same = lesson and preset and preset.setting == lesson.setting
if same:
    st.markdown(f"**{tr(preset.claim)}** {tr(preset.look)}")
else:
    st.markdown(tr(explain.INTRO_HOPE if trained else explain.INTRO))
for sentence in problems:
    st.error(sentence)
if trained:
    board(facts, question, **fields)
else:
    controls.transport(lesson)
    ticking = controls.head().moving(lesson.steps)
    st.session_state["lab ticking"] = ticking
    st.fragment(draw, run_every=LIVE_SECONDS if ticking else None)(lesson, question)
with st.expander(tr("How it works, and what it leaves out")):
    st.markdown(tr(explain.HOPE if trained else explain.HOW))
