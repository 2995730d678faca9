"""The teacher's first page: the rooms of this key, and a form for a new one."""

import streamlit as st

from app import share

from . import demonstrations, from_lesson, panel
from .activity import parse_link
from .shared import activity_of, known, plain, rights, store
from .store import StoreError

OWN = "own"
DAY = 86_400


def page() -> None:
    """Everything of a teacher but the stage: one room where the address names one, else all of them."""
    key = st.query_params.get("key", "")
    teacher = rights().teacher(key) if key else None
    if key and teacher is None:
        st.error("This teacher's link was not made by this server or was cut short; open the whole link you saved.")
    if teacher and (code := st.query_params.get("room")):
        try:
            panel.page(store().mine(teacher, code))
            return
        except StoreError as error:
            st.error(f"Room not opened: {error}")
    st.title("Teach", anchor=False)
    st.markdown("Make a room, show its code, and let the class **predict before anything runs**.")
    if teacher:
        _rooms(teacher)
    _new_room(teacher)


def _rooms(teacher: str) -> None:
    found = store().rooms(teacher)
    if not found:
        return
    st.subheader("Your rooms", anchor=False)
    for view in found:
        words = f"{plain(view.title)} · {plain(activity_of(view).title)} · {len(view.students)} joined"
        with st.container(horizontal=True, vertical_alignment="center"):
            if st.button(f"Open {view.code}", key=f"open {view.code}"):
                st.query_params["room"] = view.code
                st.rerun()
            st.markdown(words)
    st.caption(
        "The address of this page is your key to these rooms: bookmark it, and show it to nobody. The stage has a link "
        "of its own."
    )


def _new_room(teacher: str | None) -> None:
    st.subheader("A new room", anchor=False)
    title = st.text_input("Name of the class", max_chars=store().limits.title, placeholder="Physics 9b")
    name = st.selectbox(
        "Activity",
        [*demonstrations.ALL, *from_lesson.names(), OWN],
        format_func=lambda name: (
            "A configuration of the playground, by its link"
            if name == OWN
            else f"{known(name).title} ({known(name).minutes} min)"
        ),
    )
    if name == OWN:
        link = st.text_input("Link from Share in the playground", max_chars=2_000)
        name, notices = parse_link(link)
        for sentence in notices:
            st.warning(sentence)
    else:
        st.caption(known(name).idea)
    hidden = st.pills(
        "Hide in the students' playground",
        list(share.HIDEABLE),
        selection_mode="multi",
        format_func=share.HIDEABLE.get,
        help="Their links leave these settings out, so that the one or two that matter are in view.",
    )
    if st.button("Make the room", type="primary"):
        key = st.query_params["key"] if teacher else rights().new_teacher()
        try:
            view = store().create(rights().teacher(key), title, name, {"hidden": list(hidden)})
        except StoreError as error:
            st.error(f"No room made: {error}")
            return
        st.query_params.from_dict({"key": key, "room": view.code})
        st.rerun()
    st.caption(
        f"Rooms and all answers are deleted after {store().limits.days} days, or when you delete them. Students need "
        "no account; nothing leaves this server."
    )
