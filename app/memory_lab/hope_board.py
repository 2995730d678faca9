"""The part of the page that talks to a trained memory."""

from html import escape

import streamlit as st

from nested_core.config import ConfigError

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
        st.error(f"training: {training.error}")
        st.button("Train again", on_click=hopes().forget, args=(train,))
        return
    if not training.done:
        st.fragment(_wait, run_every=TICK_SECONDS)(train)
        return
    if question not in [fact.key for fact in facts]:
        st.info(f"A trained Hope knows {KEYS} key symbols and nothing of words: ask for a key that was taught.")
        return
    try:
        read = Read(train, facts, gap, distance, question)
    except ConfigError as error:
        st.error(str(error))
        return
    reading = hopes().read(read)
    if reading is None:
        st.fragment(_again, run_every=TICK_SECONDS)(read)
        return
    asked = f"Asked for “{explain.literal(question)}” after {len(reading.tokens) - 1} tokens."
    st.markdown(f"{asked} {hope_views.sentence(read, reading)}")
    st.markdown(f"##### {explain.literal(hope_views.headline(read, reading))}")
    marks = [f"<span style='color:{hue(i)}'>■</span> {i + 1} {escape(str(f))}" for i, f in enumerate(facts)]
    marks.append(f"<span style='color:{INK}'>■</span> noise")
    st.html(f"<div style='font-size:0.85rem'>{' &emsp; '.join(marks)}</div>")
    words = f"Gates, parts of the answer and recall over the tokens. {hope_views.sentence(read, reading)}"
    st.echarts_chart(hope_views.option(read, reading), height=hope_views.height(), key="lab hope", alt=words)
    tests = ", ".join(f"{100 * share:.0f} % after {far} tokens of noise" for far, share in training.tests.items())
    st.caption(
        f"Hope with {training.parameters:,} parameters, trained here on {len(training.loss)} batches of random facts "
        f"with seed {train.seed}. On six other random facts it answers right: {tests}; in training at most {FAR}."
    )
    with st.expander("Data table"):
        st.dataframe(hope_views.table(read, reading), hide_index=True, height=260)


def _wait(train: Train) -> None:
    """Progress, until it is trained."""
    training = hopes().open(train)
    if training.done or training.error:
        st.rerun()
    loss = f", loss {training.loss[-1]:.2f} (guessing {explain.GUESSING:.2f})" if training.loss else ""
    st.progress(training.share, f"Training a small Hope to answer questions: {100 * training.share:.0f} %{loss}")


def _again(read: Read) -> None:
    """Ask until the worker has time."""
    st.info("It is reading …")
    if hopes().read(read) is not None:
        st.rerun()
