"""One room on the teacher's own screen: what comes next, what the class gives, speaker notes, join code, export."""

from functools import partial

import streamlit as st

from . import export, measured, parts, script
from .activity import Activity
from .reader import View
from .shared import (
    activity_of,
    join_link,
    next_action,
    onward,
    page_link,
    plain,
    playground_link,
    qr,
    stage_link,
    store,
    unreachable,
    watch,
)
from .store import StoreError


def page(view: View) -> None:
    activity = activity_of(view)
    step = activity.at(view.step)
    measured.prepare(activity)
    st.title(f"{plain(view.title)} · {view.code}", anchor=False)
    left, right = st.columns([3, 2], gap="large")
    with left:
        st.markdown(f"**Step {view.step + 1} of {len(activity.steps)} · {step.title}**")
        _buttons(view, activity)
        parts.say(step.text)
        if step.question:
            parts.say(step.question.prompt)
            if step.question.key in view.revealed:
                parts.outcome(step.question, step.link)
        watch(view, partial(_live, activity=activity))
    with right:
        with st.container(border=True):
            st.markdown("**Speaker notes**")
            st.markdown(step.notes)
            if view.step + 1 < len(activity.steps):
                st.caption(f"Then: {activity.at(view.step + 1).title}")
        _links(view, activity)
    with st.expander("The script: what to expect, likely wrong answers and replies"):
        st.markdown(script.markdown(activity))
        st.download_button(
            "Print it (HTML)",
            partial(script.html, activity),
            f"{view.code}-script.html",
            "text/html",
            on_click="ignore",
        )
    _keep(view, activity)


def _steer(view: View, **what) -> None:
    try:
        store().steer(view.teacher, view.code, **what)
    except StoreError as error:
        st.session_state["teacher error"] = str(error)


def _buttons(view: View, activity: Activity) -> None:
    label, action = next_action(view, activity)
    question = activity.at(view.step).question
    with st.container(horizontal=True, vertical_alignment="center", gap="small"):
        st.button(
            "Back", disabled=view.step == 0, on_click=_steer, args=(view,), kwargs={"step": view.step - 1},
            shortcut="Left",
        )  # fmt: skip
        st.button(
            label, type="primary", disabled=not action, on_click=_steer, args=(view,), kwargs=action, shortcut="Right",
            key="next",
        )  # fmt: skip
        if question and view.closed(question.key) and question.key not in view.revealed:
            st.button("Open again", on_click=_steer, args=(view,), kwargs={"reopen": question.key})
        if question and question.kind != "text" and action and "step" not in action:
            st.button("Skip", on_click=_steer, args=(view,), kwargs=onward(view, activity))
    with st.container(horizontal=True, gap="medium"):
        follows = st.toggle("Students follow", value=view.follow, help="Off: everybody goes at their own pace.")
        spare = st.toggle(
            "Recorded runs",
            value=bool(view.settings.get("recorded")),
            help="Shows what was recorded beforehand, where nothing can be run here.",
        )
    if (follows, spare) != (view.follow, bool(view.settings.get("recorded"))):
        _steer(view, follow=follows, recorded=spare)
        st.rerun()
    if error := st.session_state.pop("teacher error", ""):
        st.error(f"Not done: {error}")


def _live(view: View, activity: Activity) -> None:
    parts.live(view, activity)
    if activity.at(view.step).lesson:
        measured.part(view, activity, view.step)
    question = activity.at(view.step).question
    if question and question.kind == "text":
        for words in list(view.answers.get(question.key, {}).values())[-30:]:
            st.text(f"“{words}”")


def _links(view: View, activity: Activity) -> None:
    step = activity.at(view.step)
    with st.container(horizontal=True, gap="small"):
        st.link_button("Stage for the projector", stage_link(view), help="Right arrow or clicker: on. Left: back.")
        if step.page:
            st.link_button(
                "Lesson of this step", page_link(step), help="For the projector: run it in front of the class."
            )
        if step.link:
            st.link_button("Playground of this step", playground_link(view, step))
    with st.container(border=True, horizontal=True, vertical_alignment="center"):
        qr(join_link(view), 132)
        with st.container():
            st.markdown(f"Students open **{plain(join_link(view).split('?')[0])}** and type")
            st.html(f'<div style="font-size:2.2rem;font-weight:700;letter-spacing:0.12em">{view.code}</div>')
            if unreachable():
                st.caption("Phones cannot reach localhost: open this page by this computer's name or address.")


def _keep(view: View, activity: Activity) -> None:
    """Who is here, everything as CSV, and the end of the room."""
    now = store().view(view.code)
    with st.expander("Students, export, delete"):
        rows = [{"student": seed, "nickname": nickname} for _, nickname, seed in now.students]
        if rows:
            st.dataframe(rows, hide_index=True, height=240, alt="Everybody who joined, in the order of joining.")
        with st.container(horizontal=True, vertical_alignment="center"):
            for what, make in (("answers", partial(export.answers, activity=activity)), ("runs", export.runs)):
                st.download_button(
                    f"Export {what} (CSV)",
                    lambda make=make: make(store().view(view.code)),
                    export.file_name(view, what),
                    "text/csv",
                    on_click="ignore",
                )
            with st.popover("Delete the room"):
                st.markdown("The room, its students, answers and runs are gone at once and for good.")
                if st.button("Delete everything", type="primary"):
                    store().delete(view.teacher, view.code)
                    del st.query_params["room"]
                    st.rerun()
