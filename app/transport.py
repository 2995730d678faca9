"""The buttons that move time: train, pause, step, go back, replay, jump anywhere. Keys: space, arrows, Home, N."""

import streamlit as st

from .desk import Desk
from .levels import put_levels
from .share import Wanted

SPEEDS = {"slow": 5.0, "medium": 40.0, "fast": 0.0}
STRIDES = {"step": "step", "window": "slowest level", "visit": "task"}


def transport(desk: Desk, wanted: Wanted | None) -> None:
    """Draw the buttons; what they do is on the desk."""
    busy, can_run = desk.busy, wanted is not None or desk.resumable(wanted)
    training = desk.live is not None and desk.live.busy
    speed, by = st.session_state.get("speed", "fast"), st.session_state.get("stride", "step")
    off = busy or not desk.recorded  # nothing to go back to, or it moves
    with st.container(horizontal=True, vertical_alignment="center", gap="xsmall"):
        if not training:
            st.button(
                "Run",
                key="run",
                type="primary",
                disabled=not can_run,
                on_click=desk.run,
                args=(wanted, SPEEDS[speed]),
                shortcut=None if busy else "Space",
            )
        if busy:
            st.button("Pause", key="pause", on_click=desk.pause, shortcut="Space")
        st.button("Start", key="home", disabled=off, on_click=desk.jump, args=(0,), shortcut="Home")
        st.button("Back", key="back", disabled=off, on_click=desk.back, args=(by,), shortcut="Left")
        st.button("Step", key="step", disabled=not can_run, on_click=desk.step, args=(wanted, by), shortcut="Right")
        st.button("Replay", key="replay", disabled=off, on_click=desk.replay, help="The same run again, from here")
        st.button("Reset", key="reset", disabled=desk.show is None and not desk.fresh, on_click=desk.reset)
        st.button(
            "New seed",
            key="new seed",
            on_click=_new_seed,
            shortcut="N",
            help="Other initial weights, another order of samples. Rewinding shows the same run; this makes another.",
        )
    with st.container(horizontal=True, vertical_alignment="center", gap="small"):
        st.segmented_control(
            "Speed",
            SPEEDS,
            default="fast",
            required=True,
            key="speed",
            label_visibility="collapsed",
            help="Slow: 5 steps a second. Medium: 40. Fast: as fast as this computer goes.",
        )
        st.segmented_control(
            "Step by",
            STRIDES,
            default="step",
            format_func=STRIDES.get,
            required=True,
            key="stride",
            label_visibility="collapsed",
            help="How far Step and Back go: a step, to a write of the slowest level, or to a change of task.",
        )
        _slider(desk, off)
    if desk.live:
        desk.live.set_rate(SPEEDS[speed])
        _changes(desk, wanted, busy)


def _slider(desk: Desk, off: bool) -> None:
    """Anywhere in what was recorded, while nothing moves. It always stands there, so that nothing jumps."""
    # A slider for every place: one that is moved by the program may send its old place back with the next click.
    key, last = f"time {desk.position} {desk.recorded}", max(1, desk.recorded)

    def scrubbed() -> None:
        desk.jump(st.session_state[key])

    hidden = dict(label_visibility="collapsed", width="stretch")
    st.slider("Time", 0, last, desk.position, key=key, disabled=off, on_change=scrubbed, **hidden)


def _changes(desk: Desk, wanted: Wanted | None, busy: bool) -> None:
    """What became of changed settings, and the way back."""
    with st.container(horizontal=True, vertical_alignment="center", gap="small"):
        if desk.can_fork(wanted) and not busy:
            st.button(
                f"Fork at step {desk.position}",
                key="fork",
                on_click=desk.fork,
                args=(wanted,),
                help="The same run up to here, then with the levels that are set now. What was there stays as a ghost.",
            )
        if desk.before:
            st.button("Undo", key="undo", on_click=_undo, args=(desk,), help="The run as it was before the last change")
        if wanted and not desk.matches(wanted):
            st.caption(
                "The settings have changed: press Reset, then Run, to use them."
                if busy
                else "The settings have changed: Run begins anew with them."
            )


def _undo(desk: Desk) -> None:
    levels = desk.undo()
    put_levels(levels, st.session_state["levels shown"])


def _new_seed() -> None:
    st.session_state.seed = (st.session_state.get("seed", 0) + 1) % 2**31
