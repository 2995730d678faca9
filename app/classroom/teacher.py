"""The teacher's first page: the rooms of this key, and a form for a new one."""

import streamlit as st

from app import share
from app.address import tell
from app.language import tr

from . import demonstrations, from_lesson, panel
from .activity import parse_link
from .shared import activity_of, called, known, plain, rights, store
from .store import StoreError

OWN = "own"
DAY = 86_400


def page() -> None:
    """Everything of a teacher but the stage: one room where the address names one, else all of them."""
    key = st.query_params.get("key", "")
    teacher = rights().teacher(key) if key else None
    if key and teacher is None:
        st.error(tr("This teacher's link was not made by this server or was cut short; open the whole link you saved."))
    if teacher and (code := st.query_params.get("room")):
        try:
            panel.page(store().mine(teacher, code))
            return
        except StoreError as error:
            st.error(tr("Room not opened: {error}", error=tr(error)))
    st.title(tr("Teach", "page"), anchor=False)
    st.markdown(tr("Make a room, show its code, and let the class **predict before anything runs**."))
    if teacher:
        _rooms(teacher)
    _new_room(teacher)


def _rooms(teacher: str) -> None:
    found = store().rooms(teacher)
    if not found:
        return
    st.subheader(tr("Your rooms"), anchor=False)
    for view in found:
        joined = tr("{n} joined", n=len(view.students))
        words = f"{called(view)} · {plain(activity_of(view).title)} · {joined}"
        with st.container(horizontal=True, vertical_alignment="center"):
            if st.button(tr("Open {code}", code=view.code), key=f"open {view.code}"):
                st.query_params["room"] = view.code
                st.rerun()
            st.markdown(words)
    st.caption(
        tr(
            "The address of this page is your key to these rooms: bookmark it, and show it to nobody. The stage has a "
            "link of its own."
        )
    )


def _new_room(teacher: str | None) -> None:
    st.subheader(tr("A new room"), anchor=False)
    title = st.text_input(tr("Name of the class"), max_chars=store().limits.title, placeholder=tr("Physics 9b"))
    name = st.selectbox(tr("Activity"), [*demonstrations.ALL, *from_lesson.names(), OWN], format_func=_activity_words)
    if name == OWN:
        link = st.text_input(tr("Link from Share in the playground"), max_chars=2_000)
        name, notices = parse_link(link)
        for sentence in notices:
            st.warning(tr(sentence))
    else:
        st.caption(known(name).idea)
    hidden = st.pills(
        tr("Hide in the students' playground"),
        list(share.HIDEABLE),
        selection_mode="multi",
        format_func=lambda name: tr(share.HIDEABLE[name]),
        help=tr("Their links leave these settings out, so that the one or two that matter are in view."),
    )
    if st.button(tr("Make the room"), type="primary"):
        key = st.query_params["key"] if teacher else rights().new_teacher()
        try:
            view = store().create(rights().teacher(key), title, name, {"hidden": list(hidden)})
        except StoreError as error:
            st.error(tr("No room made: {error}", error=tr(error)))
            return
        tell({"key": key, "room": view.code})
        st.rerun()
    st.caption(
        tr(
            "Rooms and all answers are deleted after {days} days, or when you delete them. Students need no account; "
            "nothing leaves this server.",
            days=store().limits.days,
        )
    )


def _activity_words(name: str) -> str:
    if name == OWN:
        return tr("A configuration of the playground, by its link")
    activity = known(name)
    return tr("{title} ({minutes} min)", title=activity.title, minutes=activity.minutes)
