"""The widgets of the memory page: what is taught, how, and where time stands. All state is the tab's own."""

import pandas as pd
import streamlit as st

from nested_core.config import ConfigError
from nested_core.phrase import phrase

from .. import address
from ..language import language, tr
from ..playhead import Playhead
from . import gallery
from .facts import MAX_FACTS, Fact, check_phrase, read_line, read_table, words
from .hope_questions import Train
from .lesson import ALIKE, RETENTIONS, SIZES, Lesson, Setting
from .link import DEFAULT, FIELDS, TALKS, Wish, read

PLAY_SECONDS = 12.0  # that all tokens take


def head() -> Playhead:
    return st.session_state.setdefault("lab head", Playhead())


def put(setting: Setting) -> None:
    """Set every widget to this setting, and time to its end."""
    state = st.session_state
    put_facts(setting.facts)
    state["lab size"], state["lab step"], state["lab retention"] = setting.size, setting.step, setting.retention
    state["lab gap"], state["lab distance"] = setting.gap, setting.distance
    state["lab noise"], state["lab alike"] = round(100 * setting.noise), setting.alike
    head().follow()


def put_facts(facts: tuple[Fact, ...]) -> None:
    """Give the table these rows; a new key, so that no edit of the old rows is laid over them."""
    st.session_state["lab rows"] = facts
    st.session_state["lab edited"] = facts
    st.session_state["lab table"] = st.session_state.get("lab table", 0) + 1
    st.session_state["lab question"] = None  # may ask for what is no longer taught


RULES, TRAINED = phrase("four rules"), phrase("a trained Hope")
STRIDES = phrase("token"), phrase("fact")
KEPT = dict(persist_state="session")  # while not drawn, by the other kind, another page or a slow browser


def kind() -> str:
    """Whom one talks to."""
    state = st.session_state
    if not state.get("settled"):  # the first run of this page: the link decides, or what was set before
        query = st.query_params.to_dict()
        if "lab rows" not in state or not query.keys().isdisjoint(FIELDS):
            wish, state["lab notices"] = read(query)
            put(wish.setting)
            state["lab kind"], state["lab seed"] = (RULES, TRAINED)[TALKS.index(wish.talk)], wish.seed
            state["lab question"], state["lab stride"] = wish.ask, "token"
            state["lab preset"] = gallery.PRESETS[0].name if wish == DEFAULT else None
        else:  # back from another page: the table has lost its edits
            put_facts(state["lab edited"])
    state.settled = True
    return st.segmented_control(tr("Talk to"), (RULES, TRAINED), format_func=tr, required=True, key="lab kind", **KEPT)


def tell(facts: tuple[Fact, ...], fields: dict, question: str) -> None:
    """Write what the widgets hold into the address, and offer it."""
    fields = dict(fields)
    train = fields.pop("train", None)
    wish = Wish(TALKS[train is not None], Setting(facts, **fields), question, train.seed if train else 0)
    address.tell(wish.query())
    address.offer(wish.query(), tr("The link holds every setting, the facts and the question."))


def reading() -> dict:
    """How much noise there is, as fields."""
    distance = st.slider(tr("Noise tokens before the question"), 0, 400, step=10, key="lab distance", **KEPT)
    return dict(distance=distance, gap=st.slider(tr("Noise tokens between facts"), 0, 20, key="lab gap", **KEPT))


def trained() -> dict:
    """The settings of a trained memory, as fields of a Read."""
    fields = reading()
    seed = st.number_input(
        tr("Seed"), 0, 2**31 - 1, key="lab seed", help=tr("Another one is trained anew, from other weights."), **KEPT
    )
    return dict(train=Train(int(seed)), **fields)


def sidebar() -> dict:
    """The settings beside the facts, as fields of a Setting."""

    def chosen() -> None:
        preset = gallery.by_name(st.session_state["lab preset"])
        if preset:
            put(preset.setting)

    names = [preset.name for preset in gallery.PRESETS]
    st.selectbox(
        tr("Preset"),
        names,
        index=None,
        format_func=tr,
        placeholder=tr("Choose an experiment"),
        key="lab preset",
        on_change=chosen,
        **KEPT,
    )
    st.header(tr("The way it is read"), anchor=False)
    fields = reading()
    noise = st.slider(
        tr("Noise is written at"),
        0,
        100,
        step=5,
        format="%d %%",
        key="lab noise",
        **KEPT,
        help=tr("A share of the step size. A trained memory learns a gate that writes what matters, and little else."),
    )
    alike = st.select_slider(
        tr("How alike are keys 1 and 2?"),
        ALIKE,
        key="lab alike",
        **KEPT,
        format_func=lambda x: tr("as written") if x is None else f"{100 * x:.0f} %",
        help=tr("The cosine of their vectors. As written: phrases are alike if they share words."),
    )
    st.header(tr("The memory"), anchor=False)
    retention = st.select_slider(
        tr("Retention α"),
        RETENTIONS,
        key="lab retention",
        **KEPT,
        help=tr("What is left of everything after a token; for the gated and the self-modifying rule."),
    )
    step = st.slider(
        tr("Step size η"), 0.1, 1.0, step=0.1, key="lab step", help=tr("How strongly a fact is written."), **KEPT
    )
    size = st.segmented_control(
        tr("Size"),
        SIZES,
        key="lab size",
        format_func=lambda d: f"{d} × {d}",
        required=True,
        help=tr("Numbers in a memory."),
        **KEPT,
    )
    return dict(size=size, step=step, retention=retention, noise=noise / 100, alike=alike, **fields)


def teach(problems: list[str]) -> tuple[Fact, ...]:
    """A line to type a fact into, undo, and the table of all facts."""
    state = st.session_state
    if state.setdefault("lab language", language()) != language():  # another table: it knows no edits of the old one
        state["lab language"], state["lab rows"] = language(), state["lab edited"]
    rows, edited = state["lab rows"], state["lab edited"]

    def add() -> None:
        try:
            if len(edited) >= MAX_FACTS:
                full = phrase("facts: there are {most} already; take one out before you teach another.", most=MAX_FACTS)
                raise ConfigError(full)
            put_facts((*edited, read_line(state["lab line"])))
            state["lab watch"] = True
            state["lab line"] = ""
        except ConfigError as error:
            state["lab problem"] = tr(error)

    def undo() -> None:
        if len(edited) > 1:
            put_facts(edited[:-1])

    with st.form("lab teach", border=False), st.container(horizontal=True, vertical_alignment="bottom"):
        st.text_input(tr("Tell it a fact"), key="lab line", placeholder=tr("capital of Peru is Lima"))
        st.form_submit_button(tr("Teach"), on_click=add, type="primary")
        st.form_submit_button(tr("Undo"), on_click=undo, disabled=len(edited) < 2, help=tr("Takes back the last fact."))
    if "lab problem" in state:
        problems.append(state.pop("lab problem"))
    heading = tr("The facts as a table ({count}): edit, add and remove rows", count=len(edited))
    with st.expander(heading, expanded=False):
        table = st.data_editor(
            pd.DataFrame([(f.key, f.value) for f in rows], columns=["asked", "answer"], dtype="object"),
            num_rows="dynamic",
            hide_index=True,
            column_config={"asked": tr("asked"), "answer": tr("answer")},
            key=f"lab table {state['lab table']}",
            alt=tr("The facts that are taught, in this order: what is asked, and the answer."),
        )
    facts, wrong = read_table(table[["asked", "answer"]].itertuples(index=False, name=None))
    state["lab edited"] = facts
    problems += map(tr, wrong)
    return facts


def ask(facts: tuple[Fact, ...], problems: list[str]) -> str:
    """The question: the key of a fact, or anything else that a person types."""
    keys = list(dict.fromkeys(fact.key for fact in facts))
    if st.session_state.pop("lab watch", False):
        last = words(facts[-1].key)
        st.session_state["lab question"] = next(key for key in keys if words(key) == last)
        st.session_state["lab go"] = True
    if st.session_state.get("lab question") is None:
        st.session_state["lab question"] = keys[0]
    question = st.selectbox(
        tr("Ask it"),
        keys,
        key="lab question",
        accept_new_options=True,
        help=tr("Choose a key, or type words of your own."),
        **KEPT,
    )
    try:
        check_phrase(phrase("the question"), question)
    except ConfigError as error:
        problems.append(tr(error))
        return keys[0]
    return question


def stops(lesson: Lesson) -> list[int]:
    """The steps at which a fact was just written, and the end."""
    return [t + 1 for t, fact in enumerate(lesson.fact) if fact >= 0] + [lesson.steps]


def transport(lesson: Lesson) -> None:
    """The buttons that move time, by keyboard too."""
    at, last, time = head().position(lesson.steps), lesson.steps, head()
    moving = time.moving(last)
    if st.session_state.pop("lab go", False):  # a fact was just taught: its write is what is looked at
        at = stops(lesson)[-2]
        time.jump(at, last)

    def hop(forward: bool) -> None:
        if st.session_state["lab stride"] == "token":
            time.jump(at + (1 if forward else -1), last)
            return
        others = [0, *stops(lesson)]
        time.jump(min(x for x in others if x > at) if forward else max(x for x in others if x < at), last)

    key = f"lab time {at} {last}"  # a slider for every place, as in `transport`

    with st.container(horizontal=True, vertical_alignment="center", gap="small"):
        st.button(
            tr("Start", "time"), key="lab home", disabled=at == 0, on_click=time.jump, args=(0, last), shortcut="Home"
        )
        st.button(tr("Back"), key="lab back", disabled=at == 0, on_click=hop, args=(False,), shortcut="Left")
        st.button(tr("Step"), key="lab next", disabled=at == last, on_click=hop, args=(True,), shortcut="Right")
        if moving:
            st.button(tr("Pause"), key="lab pause", on_click=time.stop, args=(last,), shortcut="Space", type="primary")
        else:
            rate = max(4.0, last / PLAY_SECONDS)
            st.button(
                tr("Play"), key="lab play", on_click=time.play, args=(last, rate), shortcut="Space", type="primary"
            )
        st.button(tr("End"), key="lab end", disabled=at == last, on_click=time.follow, shortcut="End")
        st.segmented_control(
            tr("Step by"),
            STRIDES,
            format_func=tr,
            required=True,
            key="lab stride",
            label_visibility="collapsed",
            **KEPT,
        )
        st.slider(
            tr("Token"),
            0,
            last,
            at,
            key=key,
            disabled=moving,
            on_change=lambda: time.jump(st.session_state[key], last),
            label_visibility="collapsed",
            width=240,
        )
