"""What all tabs of this server share (the Engine), and what each holds (a Desk)."""

import gc
import os
from pathlib import Path

import streamlit as st

from .desk import Desk
from .engine.cache import Cache
from .engine.engine import Engine


@st.cache_resource(show_spinner=False)
def engine() -> Engine:
    """The engine of this server. The first visit starts it, so that torch is imported before anybody presses Run."""
    home = Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache")
    shared = Engine(cache=Cache(home / "nested-learning-playground" / "runs"))
    shared.warm()
    gc.freeze()  # imports are never garbage; collections then only look at what visits leave
    return shared


@st.cache_resource(scope="session", on_release=lambda held: held.close(), show_spinner=False)
def desk() -> Desk:
    """What this tab holds; its training ends with the session."""
    return Desk(engine())
