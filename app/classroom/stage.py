"""The stage: one room on the projector. Large type, no side bar; the right arrow or a clicker leads on."""

from functools import partial

import streamlit as st

from app.language import tr

from . import measured, parts
from .activity import Activity
from .reader import View
from .shared import activity_of, join_link, next_action, page_link, plain, qr, rights, store, unreachable, watch
from .store import StoreError

SIZE = 22  # px of the text in charts
STYLE = """<style>
[data-testid="stSidebar"], [data-testid="stSidebarCollapsedControl"], [data-testid="stHeader"],
.st-key-language { display: none; }
.stMainBlockContainer { padding: 1.2rem 2.4rem 4.5rem 2.4rem !important; max-width: none; }
.stMainBlockContainer [data-testid="stMarkdownContainer"] :is(p, li) { font-size: 1.6rem; line-height: 1.35; }
.stMainBlockContainer [data-testid="stCaptionContainer"] :is(p, li) { font-size: 1.1rem; }
.st-key-stage_buttons p { font-size: 1.1rem !important; }
.stMainBlockContainer h1 { font-size: 2.5rem !important; padding: 0 0 0.3rem 0 !important; }
.st-key-stage_buttons { position: fixed; left: 2.4rem; bottom: 0.8rem; z-index: 9; }
.st-key-stage_clicker { position: absolute; width: 1px; height: 1px; overflow: hidden; clip-path: inset(50%); }
.code { font-weight: 700; letter-spacing: 0.14em; }
</style>"""


def page() -> None:
    """The room that the address names, for whoever holds its stage key."""
    code, key = st.query_params.get("room", ""), st.query_params.get("stage", "")
    try:
        view = store().view(code)
    except StoreError as error:
        st.error(tr("No stage: {error}", error=tr(error)))
        return
    if not rights().is_stage(view.id, view.code, key):
        st.error(tr("No stage: this link is not complete; open it again from the teacher's page."))
        return
    st.html(STYLE)
    activity = activity_of(view)
    step = activity.at(view.step)
    measured.prepare(activity)
    st.title(step.title, anchor=False)
    if view.step == 0:
        left, right = st.columns([3, 2], gap="large")
        with right:
            qr(join_link(view), 300)
            st.html(f'<div class="code" style="font-size:3.4rem">{view.code}</div>')
            st.caption(plain(join_link(view).split("?")[0]))
            if unreachable():
                st.caption(tr("Phones cannot reach localhost: open the teacher's page by this computer's address."))
    else:
        left = st.container()
    with left:
        parts.say(step.text)
        if step.question:
            prompt = f"**{step.question.prompt.replace('**', '')}**"
            parts.say(prompt)
            if step.question.kind == "choice" and not view.closed(step.question.key):
                st.markdown("\n".join(f"- {option}" for option in step.question.options))
            if step.question.key in view.revealed:
                parts.outcome(step.question, step.link)
        if step.page:
            st.link_button(tr("Show the lesson"), page_link(step))
        watch(view, partial(_live, activity=activity))
    _buttons(view, activity)


def _live(view: View, activity: Activity) -> None:
    parts.live(view, activity, SIZE, stage=True)
    if activity.at(view.step).lesson:
        measured.part(view, activity, view.step, SIZE, stage=True)


def _steer(view: View, what: dict) -> None:
    try:
        store().steer(view.teacher, view.code, **what)
    except StoreError as error:
        st.session_state["stage error"] = tr(error)


def _buttons(view: View, activity: Activity) -> None:
    label, action = next_action(view, activity)
    with st.container(key="stage_buttons", horizontal=True, vertical_alignment="center", gap="small"):
        back = {"step": view.step - 1}
        st.button(tr("Back"), disabled=view.step == 0, on_click=_steer, args=(view, back), shortcut="Left")
        st.button(label, disabled=not action, on_click=_steer, args=(view, action), shortcut="Right", key="next")
        at = dict(at=view.step + 1, total=len(activity.steps), code=view.code)
        st.caption(tr("{at} / {total} · join: {code}", **at))
    with st.container(key="stage_clicker"):  # out of sight: what most clickers send
        st.button(tr("Clicker back"), disabled=view.step == 0, on_click=_steer, args=(view, back), shortcut="PageUp")
        st.button(tr("Clicker on"), disabled=not action, on_click=_steer, args=(view, action), shortcut="PageDown")
    if error := st.session_state.pop("stage error", ""):
        st.error(tr("Not done: {error}", error=error))
