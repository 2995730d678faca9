"""The part of the page that talks to a trained memory."""

from html import escape

import streamlit as st

from nested_core.config import ConfigError

from ..language import tr
from ..theme import INK, hue
from . import explain, hope_views
from .facts import Fact
from .hope_questions import FAR, KEYS, Read, Train
from .hope_server import Hopes

TICK_SECONDS = 0.4


@st.cache_resource(show_spinner=False)
def hopes() -> Hopes:
    """The worker of this server that trains and reads."""
    return Hopes()


def board(facts: tuple[Fact, ...], question: str, train: Train, gap: int, distance: int) -> None:
    """Train it where it is not trained yet, let it read, and show what it did."""
    training = hopes().open(train)
    if training.error:
        st.error(tr("training: {problem}", problem=training.error))
        st.button(tr("Train again"), on_click=hopes().forget, args=(train,))
        return
    if not training.done:
        st.fragment(_wait, run_every=TICK_SECONDS)(train)
        return
    if question not in [fact.key for fact in facts]:
        st.info(
            tr(
                "A trained Hope knows {keys} key symbols and nothing of words: ask for a key that was taught.",
                keys=KEYS,
            )
        )
        return
    try:
        read = Read(train, facts, gap, distance, question)
    except ConfigError as error:
        st.error(tr(error))
        return
    reading = hopes().read(read)
    if reading is None:
        st.fragment(_again, run_every=TICK_SECONDS)(read)
        return
    said, count = explain.literal(question), len(reading.tokens) - 1
    asked = tr("Asked for “{question}” after {count} tokens.", question=said, count=count)
    st.markdown(f"{asked} {hope_views.sentence(read, reading)}")
    st.markdown(f"##### {explain.literal(hope_views.headline(read, reading))}")
    marks = [f"<span style='color:{hue(i)}'>■</span> {i + 1} {escape(str(f))}" for i, f in enumerate(facts)]
    marks.append(f"<span style='color:{INK}'>■</span> {tr('noise')}")
    st.html(f"<div style='font-size:0.85rem'>{' &emsp; '.join(marks)}</div>")
    alt = tr(
        "Gates, parts of the answer and recall over the tokens. {sentence}", sentence=hope_views.sentence(read, reading)
    )
    st.echarts_chart(hope_views.option(read, reading), height=hope_views.height(), key="lab hope", alt=alt)
    tests = [
        tr("{share:.0f} % after {far} tokens of noise", share=100 * share, far=far)
        for far, share in training.tests.items()
    ]
    st.caption(
        tr(
            "Hope with {parameters:,} parameters, trained here on {batches} batches of random facts with seed {seed}. "
            "On six other random facts it answers right: {tests}; in training at most {most}.",
            parameters=training.parameters,
            batches=len(training.loss),
            seed=train.seed,
            tests=", ".join(tests),
            most=FAR,
        )
    )
    with st.expander(tr("Data table")):
        st.dataframe(hope_views.table(read, reading), hide_index=True, height=260)


def _wait(train: Train) -> None:
    """Progress, until it is trained."""
    training = hopes().open(train)
    if training.done or training.error:
        st.rerun()
    share = 100 * training.share
    said = tr("Training a small Hope to answer questions: {share:.0f} %", share=share)
    if training.loss:
        said = tr(
            "Training a small Hope to answer questions: {share:.0f} %, loss {loss:.2f} (guessing {guessing:.2f})",
            share=share,
            loss=training.loss[-1],
            guessing=explain.GUESSING,
        )
    st.progress(training.share, said)


def _again(read: Read) -> None:
    """Ask until the worker has time."""
    st.info(tr("It is reading …"))
    if hopes().read(read) is not None:
        st.rerun()
