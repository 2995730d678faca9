"""The settings at the side: widgets in, configs out. A bad value becomes one sentence and changes nothing else."""

from dataclasses import replace

import streamlit as st

from nested_core import presets
from nested_core.config import TASK_LIMITS, ConfigError, LearnerConfig, StreamConfig

from .levels import level_editor
from .state import Wanted
from .texts import own_texts
from .theme import ARM_NAMES

STREAMS = {
    "permuted_digits": "Digits, pixels reordered",
    "class_digits": "Digits, new classes",
    "languages": "Languages",
    "own_text": "Your own text",
}
HINTS = {
    "permuted_digits": "Handwritten digits; every task shows them with the pixels in another order.",
    "class_digits": "Handwritten digits; every task brings classes never seen before.",
    "languages": "English, Python and enciphered English, one character after the other.",
    "own_text": "Each of your texts is one task.",
}


def settings() -> tuple[Wanted | None, list[str]]:
    """Draw the settings; the wanted comparison, or None and why not."""
    problems: list[str] = []
    st.header("Stream", anchor=False)
    stream = stream_settings(problems)
    wanted = None
    st.header("Learners", anchor=False)
    learners = learner_settings(stream or presets.stream("languages"), problems)
    seed = st.number_input(
        "Seed", 0, 2**31 - 1, 0, key="seed", help="The same settings and seed give the same run, number for number."
    )
    if stream and learners and not problems:
        try:
            wanted = Wanted(tuple(presets.run_config(stream, learner) for learner in learners), int(seed))
        except ConfigError as error:
            problems.append(str(error))
    return wanted, problems


def stream_settings(problems: list[str]) -> StreamConfig | None:
    """What is learned from; None with a sentence in `problems` if it cannot be used."""
    kind = st.selectbox("Stream", STREAMS, format_func=STREAMS.get, key="kind", label_visibility="collapsed")
    st.caption(HINTS[kind])
    texts = own_texts(problems) if kind == "own_text" else ()
    returning_first = kind in ("languages", "own_text")
    visits = st.segmented_control(
        "Visits",
        ("once", "returning"),
        default="returning" if returning_first else "once",
        required=True,
        key=f"visits {kind}",
        help="Once: every task is learned and never comes back. Returning: the tasks take turns, round after round.",
    )
    preset = presets.stream("permuted_digits" if kind == "own_text" else kind, 8 if visits == "returning" else 1)
    left, right = st.columns(2)
    low, high = TASK_LIMITS[kind]
    if kind != "own_text":
        with left:
            tasks = st.number_input("Tasks", low, high, preset.tasks, key=f"tasks {kind}")
    rounds = 1
    if visits == "returning":
        with left if kind == "own_text" else right:
            rounds = st.number_input("Rounds", 2, 20, 8, key=f"rounds {kind}")
    text_preset = presets.stream("languages", 8 if visits == "returning" else 1)
    dwell = st.number_input(
        "Steps a visit",
        1,
        2000,
        text_preset.dwell if kind == "own_text" else preset.dwell,
        10,
        key=f"dwell {kind} {visits}",
    )
    if kind == "own_text" and len(texts) < 2:
        if not problems:
            st.info("Give two or more texts to begin.")
        return None
    try:
        changes = {"tasks": len(texts), "texts": texts} if kind == "own_text" else {"tasks": int(tasks)}
        return presets.stream(kind, int(rounds), dwell=int(dwell), **changes)
    except ConfigError as error:
        problems.append(str(error))
        return None


def learner_settings(stream: StreamConfig, problems: list[str]) -> list[LearnerConfig]:
    """The nested learner with its edited levels, and the chosen baselines."""
    nested, *baselines = presets.arms(stream)
    names = [arm.name for arm in baselines]
    levels = level_editor(nested, f"{stream.kind} {stream.rounds > 1}", problems)
    shown = st.pills(
        "Compare with",
        names,
        selection_mode="multi",
        default=names,
        format_func=ARM_NAMES.get,
        key=f"baselines {stream.is_text}",
        help="Each learner gets the same samples in the same order and has about the same number of parameters.",
    )
    for arm in baselines:
        if arm.name in shown:
            rule = {"sgd": "gradient descent", "adam": "Adam"}[arm.optimizer]
            st.caption(f"{ARM_NAMES[arm.name]}: one clock, {rule} at rate {arm.levels[0].rate:g}, its best in a sweep.")
    try:
        return [replace(nested, levels=levels), *(arm for arm in baselines if arm.name in shown)]
    except ConfigError as error:
        problems.append(str(error))
        return []
