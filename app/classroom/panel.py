"""One room on the teacher's own screen: what comes next, what the class gives, speaker notes, join code, export."""

from functools import partial

import streamlit as st

from app.language import language, tr

from . import export, measured, parts, script
from .activity import Activity
from .reader import View
from .shared import (
    activity_of,
    called,
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
    st.title(f"{called(view)} · {view.code}", anchor=False)
    left, right = st.columns([3, 2], gap="large")
    with left:
        at = dict(at=view.step + 1, total=len(activity.steps), title=step.title)
        st.markdown(tr("**Step {at} of {total} · {title}**", **at))
        _buttons(view, activity)
        parts.say(step.text)
        if step.question:
            parts.say(step.question.prompt)
            if step.question.key in view.revealed:
                parts.outcome(step.question, step.link)
        watch(view, partial(_live, activity=activity))
    with right:
        with st.container(border=True):
            st.markdown(tr("**Speaker notes**"))
            st.markdown(step.notes)
            if view.step + 1 < len(activity.steps):
                st.caption(tr("Then: {title}", title=activity.at(view.step + 1).title))
        _links(view, activity)
    with st.expander(tr("The script: what to expect, likely wrong answers and replies")):
        st.markdown(script.markdown(activity))
        st.download_button(
            tr("Print it (HTML)"),
            partial(script.html, activity, language()),
            f"{view.code}-script.html",
            "text/html",
            on_click="ignore",
        )
    _keep(view, activity)


def _steer(view: View, **what) -> None:
    try:
        store().steer(view.teacher, view.code, **what)
    except StoreError as error:
        st.session_state["teacher error"] = tr(error)


def _buttons(view: View, activity: Activity) -> None:
    label, action = next_action(view, activity)
    question = activity.at(view.step).question
    with st.container(horizontal=True, vertical_alignment="center", gap="small"):
        st.button(
            tr("Back"), disabled=view.step == 0, on_click=_steer, args=(view,), kwargs={"step": view.step - 1},
            shortcut="Left",
        )  # fmt: skip
        st.button(
            label, type="primary", disabled=not action, on_click=_steer, args=(view,), kwargs=action, shortcut="Right",
            key="next",
        )  # fmt: skip
        if question and view.closed(question.key) and question.key not in view.revealed:
            st.button(tr("Open again"), on_click=_steer, args=(view,), kwargs={"reopen": question.key})
        if question and question.kind != "text" and action and "step" not in action:
            st.button(tr("Skip"), on_click=_steer, args=(view,), kwargs=onward(view, activity))
    with st.container(horizontal=True, gap="medium"):
        follows = st.toggle(tr("Students follow"), value=view.follow, help=tr("Off: everybody goes at their own pace."))
        spare = st.toggle(
            tr("Recorded runs"),
            value=bool(view.settings.get("recorded")),
            help=tr("Shows what was recorded beforehand, where nothing can be run here."),
        )
    if (follows, spare) != (view.follow, bool(view.settings.get("recorded"))):
        _steer(view, follow=follows, recorded=spare)
        st.rerun()
    if error := st.session_state.pop("teacher error", ""):
        st.error(tr("Not done: {error}", error=error))


def _live(view: View, activity: Activity) -> None:
    parts.live(view, activity)
    if activity.at(view.step).lesson:
        measured.part(view, activity, view.step)
    question = activity.at(view.step).question
    if question and question.kind == "text":
        for words in list(view.answers.get(question.key, {}).values())[-30:]:
            st.text(tr("“{words}”", words=words))


def _links(view: View, activity: Activity) -> None:
    step = activity.at(view.step)
    with st.container(horizontal=True, gap="small"):
        st.link_button(
            tr("Stage for the projector"), stage_link(view), help=tr("Right arrow or clicker: on. Left: back.")
        )
        if step.page:
            st.link_button(
                tr("Lesson of this step"),
                page_link(step),
                help=tr("For the projector: run it in front of the class."),
            )
        if step.link:
            st.link_button(tr("Playground of this step"), playground_link(view, step))
    with st.container(border=True, horizontal=True, vertical_alignment="center"):
        qr(join_link(view), 132)
        with st.container():
            address = plain(join_link(view).split("?")[0])
            st.markdown(tr("Students open **{address}** and type", address=address))
            st.html(f'<div style="font-size:2.2rem;font-weight:700;letter-spacing:0.12em">{view.code}</div>')
            if unreachable():
                st.caption(tr("Phones cannot reach localhost: open this page by this computer's name or address."))


def _keep(view: View, activity: Activity) -> None:
    """Who is here, everything as CSV, and the end of the room."""
    now = store().view(view.code)
    with st.expander(tr("Students, export, delete")):
        rows = [{tr("student"): seed, tr("nickname"): nickname} for _, nickname, seed in now.students]
        if rows:
            words = tr("Everybody who joined, in the order of joining.")
            st.dataframe(rows, hide_index=True, height=240, alt=words)
        with st.container(horizontal=True, vertical_alignment="center"):
            for label, what, make in (
                (tr("Export answers (CSV)"), "answers", partial(export.answers, activity=activity)),
                (tr("Export runs (CSV)"), "runs", export.runs),
            ):
                st.download_button(
                    label,
                    lambda make=make: make(store().view(view.code)),
                    export.file_name(view, what),
                    "text/csv",
                    on_click="ignore",
                )
            with st.popover(tr("Delete the room")):
                st.markdown(tr("The room, its students, answers and runs are gone at once and for good."))
                if st.button(tr("Delete everything"), type="primary"):
                    store().delete(view.teacher, view.code)
                    del st.query_params["room"]
                    st.rerun()
