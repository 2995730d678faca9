"""The settings at the side: widgets in, a Choice out. A bad value becomes one sentence and changes nothing else.

What a link or a preset asks for is put into the widgets before they are drawn; from then on they hold the choice.
They hold it for the session: otherwise Streamlit forgets, at every click, those that the browser has not drawn yet.
"""

import contextlib
from dataclasses import replace

import streamlit as st

from nested_core import presets
from nested_core.config import TASK_LIMITS, TEXT_STREAMS, ConfigError, Edit, LearnerConfig, to_dict
from nested_core.phrase import phrase

from . import gallery, share
from .address import tell
from .design import Design
from .designer import designer, put_design
from .desk import Desk
from .language import tr
from .levels import level_editor, put_levels
from .share import Choice, Wanted
from .texts import own_texts
from .theme import STREAM_NAMES, learner_name, level_words
from .views import plan

HINTS = {
    "permuted_digits": phrase("Handwritten digits; every task shows them with the pixels in another order."),
    "class_digits": phrase("Handwritten digits; every task brings classes never seen before."),
    "languages": phrase("English, Python and enciphered English, one character after the other."),
    "own_text": phrase("Each of your texts is one task."),
}
VISITS = (phrase("once"), phrase("returning"))
NEST_NAMES = {
    "independent": phrase("side by side, inputs remembered"),
    "initial_sgd": phrase("initial state, gradient descent"),
    "initial_adam": phrase("initial state, Adam"),
    "initial": phrase("initial state, around Hope"),
    "chain": phrase("one after the other, inside Hope"),
    "initial_transformer": phrase("initial state, around a Transformer"),
}
NEST_HELP = phrase(
    "How knowledge passes between levels. Side by side: blocks answer each for themselves and protect old inputs by "
    "a least-squares memory (eq. 74). Initial state: a slower level holds the start of the faster ones (eq. 72). One "
    "after the other: each block of Hope reads what the one before it made (eq. 70)."
)


def settings(desk: Desk) -> tuple[Choice, Wanted | None, list[str]]:
    """Draw the settings: what is chosen, the wanted comparison or None, and why not. Changed levels go to the desk."""
    problems: list[str] = []
    if not st.session_state.get("settled"):  # the first run of this page: the link decides, or what was set before
        query = st.query_params.to_dict()
        choice, notices = share.read(query)
        if "kind" not in st.session_state or not query.keys().isdisjoint(share.FIELDS):
            put(choice)
        hidden = [name for name in share.HIDEABLE if name in query.get("hide", "").split("_")]
        st.session_state.hidden = hidden or st.session_state.get("hidden", [])
        st.session_state.update(notices=notices, settled=True)
    for name in st.session_state.hidden:  # out of sight, with the value that the link gave
        st.html(f"<style>.st-key-setting-{name} {{ display: none; }}</style>")
    with setting("preset"):
        preset_menu()
    choice, texts = widgets(problems)
    wanted = None
    if choice.kind == "own_text" and len(texts) < 2:
        if not problems:
            st.info(tr("Give two or more texts to begin."))
    elif not problems:
        try:
            wanted = Wanted(choice.configs(texts), choice.seed)
        except ConfigError as error:
            problems.append(tr(error))
    if wanted and not st.session_state["levels crossed"]:
        desk.change(wanted)
    choice = desk.told(choice)
    if not problems:
        tell({**choice.query(), **({"hide": "_".join(st.session_state.hidden)} if st.session_state.hidden else {})})
    return choice, wanted, problems + [tr(notice) for notice in st.session_state.get("notices", [])]


def setting(name: str):
    """The place of a control that a link can hide."""
    return st.container(key=f"setting-{name}", gap="xsmall")


def put(choice: Choice) -> None:
    """Set every widget to this choice."""
    visits, state = "returning" if choice.rounds > 1 else "once", st.session_state
    state.kind, state.seed, state.edits = choice.kind, choice.seed, choice.edits
    state[f"visits {choice.kind}"] = visits
    state[f"tasks {choice.kind}"] = choice.tasks
    state[f"rounds {choice.kind}"] = max(2, choice.rounds)
    state[f"dwell {choice.kind} {visits}"] = choice.dwell
    state[f"baselines {choice.is_text}"] = list(choice.baselines)
    state[f"nest {choice.is_text}"] = choice.nest or next(iter(share.NESTS[choice.is_text]))
    put_design(choice.kind, choice.design)
    put_levels(choice.levels, f"{choice.kind} {choice.rounds > 1} {choice.nest}")


def preset_menu() -> None:
    """Named configurations; choosing one sets everything below."""

    def chosen() -> None:
        preset = gallery.by_name(st.session_state.preset)
        if preset:
            put(preset.choice)
            st.session_state.notices = []

    st.selectbox(
        tr("Preset"),
        [preset.name for preset in gallery.PRESETS],
        format_func=tr,
        index=None,
        placeholder=tr("Choose an experiment"),
        key="preset",
        persist_state="session",
        on_change=chosen,
    )


def widgets(problems: list[str]) -> tuple[Choice, tuple[tuple[str, str], ...]]:
    """What the widgets hold, and the texts that were given."""
    st.header(tr("Stream"), anchor=False)
    with setting("stream"):
        kind = st.selectbox(
            tr("Stream"),
            STREAM_NAMES,
            format_func=lambda kind: tr(STREAM_NAMES[kind]),
            key="kind",
            label_visibility="collapsed",
            persist_state="session",
        )
        st.caption(tr(HINTS[kind]))
    texts = own_texts(problems) if kind == "own_text" else ()
    with setting("rounds"):
        visits = st.segmented_control(
            tr("Visits"),
            VISITS,
            format_func=tr,
            default=None if f"visits {kind}" in st.session_state else _usual(kind),
            required=True,
            key=f"visits {kind}",
            persist_state="session",
            help=tr(
                "Once: a task is learned and never comes back. Returning: the tasks take turns, round after round."
            ),
        )
        rounds = number(tr("Rounds"), 2, 20, 8, f"rounds {kind}") if visits == "returning" else 1
    usual = share.default(kind, rounds)
    tasks = len(texts)
    if kind != "own_text":
        with setting("tasks"):
            tasks = number(tr("Tasks"), *TASK_LIMITS[kind], usual.tasks, f"tasks {kind}")
    with setting("dwell"):
        dwell = number(tr("Steps a visit"), 1, 2000, usual.dwell, f"dwell {kind} {visits}", step=10)
    with setting("design"):
        tasks, design = designer(kind, tasks, dwell, problems)
        planned(kind, tasks, rounds, dwell, design)
    st.header(tr("Learners"), anchor=False)
    nested, *baselines = presets.arms(presets.stream("languages" if kind == "own_text" else kind, rounds))
    with setting("levels"):
        nest, nested = nest_menu(nested, kind in TEXT_STREAMS)
        levels = level_editor(nested, f"{kind} {rounds > 1} {nest}", problems)
        edits = planned_edits(len(levels))
    names = [arm.name for arm in baselines]
    with setting("with"):
        shown = compared(baselines, names, f"baselines {kind in TEXT_STREAMS}")
    with setting("seed"):
        seed = number(
            tr("Seed"),
            0,
            2**31 - 1,
            0,
            "seed",
            help=tr("The same settings and seed give the same run, digit for digit."),
        )
    baselines = tuple(n for n in names if n in shown)
    return Choice(kind, tasks, rounds, dwell, levels, baselines, seed, edits, nest, design), texts


def planned(kind: str, tasks: int, rounds: int, dwell: int, design: Design) -> None:
    """A picture of the stream as it is planned; what is wrong with it is said where the run is made."""
    with contextlib.suppress(ConfigError):
        # Whose texts they are does not matter to the plan.
        texts = tuple((str(i), share.NO_TEXTS[0][1]) for i in range(tasks)) if kind == "own_text" else ()
        stream = presets.stream(kind, rounds, dwell=dwell, tasks=tasks, texts=texts, **vars(design))
        st.html(plan.html(stream))
        st.caption(plan.words(stream))


def nest_menu(nested: LearnerConfig, is_text: bool) -> tuple[str, LearnerConfig]:
    """How knowledge passes between the levels: "" for the usual way, and the learner with it."""
    ways, key = share.NESTS[is_text], f"nest {is_text}"
    chosen = st.selectbox(
        tr("Nest"),
        list(ways),
        format_func=lambda way: tr(NEST_NAMES[way]),
        key=key,
        help=tr(NEST_HELP),
        persist_state="session",
    )
    variant, optimizer, model = ways[chosen]
    usual = chosen == next(iter(ways))
    fastest = nested.levels[0].rate
    levels = nested.levels if variant != "sequential" else tuple(replace(x, rate=fastest) for x in nested.levels)
    return "" if usual else chosen, replace(nested, variant=variant, optimizer=optimizer, model=model, levels=levels)


def compared(baselines, names: list[str], key: str) -> list[str]:
    """The names of the learners beside the nested one."""
    shown = st.pills(
        tr("Compare with"),
        names,
        selection_mode="multi",
        default=None if key in st.session_state else names,
        format_func=learner_name,
        key=key,
        persist_state="session",
        help=tr("Each learner gets the same samples in the same order and has about the same number of parameters."),
    )
    for arm in baselines:
        if arm.name in shown:
            st.caption(
                tr(
                    "{learner}: one clock, {rule} at rate {rate:g}, its best in a sweep of the usual stream.",
                    learner=learner_name(arm.name),
                    rule={"sgd": phrase("gradient descent"), "adam": "Adam"}[arm.optimizer],
                    rate=arm.levels[0].rate,
                )
            )
    return shown


def planned_edits(count: int) -> tuple[Edit, ...]:
    """The changes on the way that a link brought, for a run that is still to begin."""
    edits = tuple(edit for edit in st.session_state.get("edits", ()) if len(edit.levels) == count)
    if edits:
        changes = [(edit.step, ", ".join(level_words(to_dict(level)) for level in edit.levels)) for edit in edits]
        words = "; ".join(tr("after step {step}: {levels}", step=step, levels=levels) for step, levels in changes)
        st.caption(tr("Changes on the way, from the link: {words}.", words=words))
        st.button(tr("Leave them out"), key="no edits", on_click=lambda: st.session_state.update(edits=()))
    return edits


def _usual(kind: str) -> str:
    return "returning" if kind in TEXT_STREAMS else "once"


def number(label: str, low: int, high: int, usual: int, key: str, **options) -> int:
    """A whole number; `usual` where neither a link nor a person said otherwise."""
    value = {} if key in st.session_state else {"value": usual}
    return int(st.number_input(label, low, high, key=key, persist_state="session", **value, **options))
