"""What all tabs of this server share (the Pool of workers), and what each holds (a Desk)."""

import gc

import streamlit as st

from .desk import Desk
from .pool import Pool


@st.cache_resource(show_spinner=False)
def pool() -> Pool:
    """Workers of this server. The first visit starts them, so that torch is imported before anybody presses Run."""
    shared = Pool()
    shared.warm()
    gc.freeze()  # imports are never garbage; collections then only look at what visits leave
    return shared


@st.cache_resource(scope="session", on_release=lambda held: held.close(), show_spinner=False)
def desk() -> Desk:
    """What this tab holds; its training ends with the session."""
    return Desk(pool())
