"""What all tabs of this server share (the Engine), and what each holds (a Desk)."""

import gc
import os
from pathlib import Path

import streamlit as st

from .desk import Desk
from .engine.budget import Budget
from .engine.cache import Cache
from .engine.choose import open_engine
from .engine.engine import Engine
from .settings import NAME, settings


def budget() -> Budget:
    """What this server lets one run use."""
    own = settings()
    most = own.run_steps, own.run_tasks, own.run_width
    return Budget(*most, own.run_seconds, own.run_megabytes, own.runs_per_session)


@st.cache_resource(show_spinner=False)
def engine() -> Engine:
    """The engine of this server. The first visit starts it, so that torch is imported before anybody presses Run."""
    limits = settings()
    kept = Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / NAME / "runs"
    shared = open_engine(
        limits.workers,
        budget=budget(),
        cache=Cache(kept if limits.cache_megabytes else None, limits.cache_megabytes),
    )
    shared.warm()
    gc.freeze()  # imports are never garbage; collections then only look at what visits leave
    return shared


@st.cache_resource(scope="session", on_release=lambda held: held.close(), show_spinner=False)
def desk() -> Desk:
    """What this tab holds; its training ends with the session."""
    return Desk(engine())
