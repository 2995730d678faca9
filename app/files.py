"""Save and open traces: one .npz file for each learner."""

from functools import partial

import streamlit as st

from nested_core.trace import Trace, TraceError

from .state import Desk, to_bytes
from .theme import arm_name


def files(desk: Desk) -> list[str]:
    """Buttons that save what is in view, and an upload that replaces it. Returns sentences about unusable files."""
    st.header("Recordings", anchor=False)
    traces = desk.show.view() if desk.show and not desk.show.busy else []
    for trace in traces:
        st.download_button(
            f"Save trace of {arm_name(trace)}",
            partial(to_bytes, trace),
            mime="application/octet-stream",
            on_click="ignore",
            file_name=file_name(trace),
        )
    if not traces:
        st.caption("Pause or finish a run to save its traces.")
    given = st.file_uploader(
        "Open trace (.npz files, one for each learner)", type="npz", accept_multiple_files=True, key="traces"
    )
    names = tuple(file.file_id for file in given)
    if given and st.session_state.get("opened") != names:
        try:
            desk.open(given)
            st.session_state.opened = names
            st.rerun()
        except TraceError as error:
            return [str(error)]
    elif not given:
        st.session_state.opened = ()
    return []


def file_name(trace: Trace) -> str:
    """Says what is inside: learner, stream and seed."""
    config = trace.meta["config"]
    return f"{config['learner']['name']}-{config['stream']['kind']}-{trace.meta['seed']}.npz"
