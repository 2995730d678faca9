"""Talk to a memory: teach it facts, let noise go by, ask, and see which token wrote the answer."""

from html import escape

import streamlit as st

from app.memory_lab import answers, controls, curves, explain, gallery, maps, sentences
from app.memory_lab.hope_board import board
from app.memory_lab.lesson import Lesson, Setting, teach
from app.theme import INK, hue
from app.views.summary import plain

LIVE_SECONDS = 0.25


def card(lesson: Lesson, run, answer: answers.Answer, step: int, calm: bool) -> None:
    """One rule: its answer, its memory, and what it just wrote."""
    st.markdown(f"**{run.rule.name}**  \n{run.rule.does}")
    st.markdown(f"##### {explain.literal(answers.headline(answer))}")
    said = sentences.write(lesson, run, step)
    alt = f"Memory of the rule {run.rule.name} as a heat map. {said} Asked: {answers.headline(answer)}."
    st.echarts_chart(
        maps.after(lesson, run, step, calm), height=220, key=f"lab map {run.rule.name}", alt=alt if calm else "Moving."
    )
    st.caption(f"{said}  \n{explain.literal(answers.sentence(lesson, answer, step))}")


def inside(lesson: Lesson, step: int) -> None:
    """One rule's latest write: before, written, after, and the equation with its numbers."""
    names = [run.rule.name for run in lesson.runs]
    chosen = st.segmented_control("Rule", names, default="delta", required=True, key="lab rule")
    run = lesson.runs[names.index(chosen)]
    if step == 0:
        st.caption("Step forward: there is no write yet.")
        return
    st.markdown(f"${sentences.equation(lesson, run, step)}$  \n${sentences.values(lesson, run, step)}$")
    views = {"before": maps.before, "written": maps.only, "after": maps.option_after}
    for column, (name, view) in zip(st.columns(3), views.items(), strict=True):
        with column:
            alt = f"Heat map, {name} token {step}: rule {chosen}. {sentences.write(lesson, run, step)}"
            st.echarts_chart(view(lesson, run, step), height=260, key=f"lab inside {name}", alt=alt)
            st.caption(name)


def draw(lesson: Lesson, question: str) -> None:
    """Everything that moves with time."""
    head = controls.head()
    step, moving = head.position(lesson.steps), head.moving(lesson.steps)
    if st.session_state.get("lab ticking") and not moving:
        st.session_state["lab ticking"] = False
        st.rerun()
    result = curves.result(lesson, step)
    st.markdown(f"{sentences.token(lesson, step)} {result}  \nAsked now: **“{explain.literal(question)}”**")
    found = [answers.ask(lesson, run, step, question) for run in lesson.runs]
    for column, run, answer in zip(st.columns(4), lesson.runs, found, strict=True):
        with column:
            card(lesson, run, answer, step, calm=not moving)
    facts = lesson.setting.facts
    marks = [f"<span style='color:{hue(i)}'>■</span> {i + 1} {escape(str(f))}" for i, f in enumerate(facts)]
    marks.append(f"<span style='color:{INK}'>■</span> noise")
    st.caption(explain.MAPS)
    st.html(f"<div style='font-size:0.85rem'>{' &emsp; '.join(marks)}</div>")
    left, right = st.columns(2)
    with left:
        st.markdown("##### Which token wrote the answer")
        alt = " ".join(f"{a.rule}: {answers.sentence(lesson, a, step)}" for a in found)
        bars = answers.option(lesson, found, step)
        st.echarts_chart(bars, height=answers.height(found), key="lab bars", alt=f"A bar a token. {alt}")
    with right:
        st.markdown("##### What is left of every fact")
        lines = curves.option(lesson, step)
        st.echarts_chart(lines, height=curves.height(lesson), key="lab curves", alt=f"Recall. {plain(result)}")
    if not moving:
        with st.expander("Inside one write: before, after, and the equation with its numbers"):
            inside(lesson, step)
        with st.expander("Data tables"):
            st.dataframe(answers.table(lesson, found, step), hide_index=True, height=260)
            st.dataframe(curves.table(lesson, step), hide_index=True, height=260)


st.title("Talk to a memory", anchor=False)
with st.sidebar:
    trained = controls.kind() == controls.TRAINED
    problems = list(st.session_state.get("lab notices", ()))
    fields = controls.trained() if trained else controls.sidebar()
talk, listen = st.columns(2)
with talk:
    facts = controls.teach(problems)
if not facts:
    st.info("Teach it a fact to begin.")
    st.stop()
with listen:
    question = controls.ask(facts, problems)
with st.sidebar:
    controls.tell(facts, fields, question)
lesson = None if trained else teach(Setting(facts, **fields))
preset = gallery.by_name(st.session_state.get("lab preset"))
same = lesson and preset and preset.setting == lesson.setting
st.markdown(f"**{preset.claim}** {preset.look}" if same else explain.INTRO_HOPE if trained else explain.INTRO)
for sentence in problems:
    st.error(sentence)
if trained:
    board(facts, question, **fields)
else:
    controls.transport(lesson)
    ticking = controls.head().moving(lesson.steps)
    st.session_state["lab ticking"] = ticking
    st.fragment(draw, run_every=LIVE_SECONDS if ticking else None)(lesson, question)
with st.expander("How it works, and what it leaves out"):
    st.markdown(explain.HOPE if trained else explain.HOW)
