"""The buttons that move time: train, pause, step, go back, replay, jump anywhere. Keys: space, arrows, Home, N."""

import streamlit as st

from nested_core.phrase import phrase

from .desk import Desk
from .language import tr
from .levels import put_levels
from .share import Wanted

SPEEDS = {phrase("slow"): 5.0, phrase("medium"): 40.0, phrase("fast"): 0.0}  # steps a second
STRIDES = {"step": phrase("step"), "window": phrase("slowest level"), "visit": phrase("task")}


def transport(desk: Desk, wanted: Wanted | None) -> None:
    """Draw the buttons; what they do is on the desk."""
    busy, can_run = desk.busy, wanted is not None or desk.resumable(wanted)
    training = desk.live is not None and desk.live.busy
    speed, by = st.session_state.get("speed", "fast"), st.session_state.get("stride", "step")
    off = busy or not desk.recorded  # nothing to go back to, or it moves
    with st.container(horizontal=True, vertical_alignment="center", gap="xsmall"):
        if not training:
            st.button(
                tr("Run"),
                key="run",
                type="primary",
                disabled=not can_run,
                on_click=desk.run,
                args=(wanted, SPEEDS[speed]),
                shortcut=None if busy else "Space",
            )
        if busy:
            st.button(tr("Pause"), key="pause", on_click=desk.pause, shortcut="Space")
        st.button(tr("Start", "time"), key="home", disabled=off, on_click=desk.jump, args=(0,), shortcut="Home")
        st.button(tr("Back"), key="back", disabled=off, on_click=desk.back, args=(by,), shortcut="Left")
        st.button(tr("Step"), key="step", disabled=not can_run, on_click=desk.step, args=(wanted, by), shortcut="Right")
        st.button(
            tr("Replay"), key="replay", disabled=off, on_click=desk.replay, help=tr("The same run again, from here")
        )
        st.button(tr("Reset"), key="reset", disabled=desk.show is None and not desk.fresh, on_click=desk.reset)
        st.button(
            tr("New seed"),
            key="new seed",
            on_click=_new_seed,
            shortcut="N",
            help=tr(
                "Other initial weights, another order of samples. Rewinding shows the same run; this makes another."
            ),
        )
    with st.container(horizontal=True, vertical_alignment="center", gap="small"):
        st.segmented_control(
            tr("Speed"),
            SPEEDS,
            format_func=tr,
            default="fast",
            required=True,
            key="speed",
            label_visibility="collapsed",
            help=tr("Slow: 5 steps a second. Medium: 40. Fast: as fast as this computer goes."),
        )
        st.segmented_control(
            tr("Step by"),
            STRIDES,
            default="step",
            format_func=lambda stride: tr(STRIDES[stride]),
            required=True,
            key="stride",
            label_visibility="collapsed",
            help=tr("How far Step and Back go: a step, to a write of the slowest level, or to a change of task."),
        )
        _slider(desk, off)
    if desk.live:
        desk.live.set_rate(SPEEDS[speed])
        _changes(desk, wanted, busy)


def _slider(desk: Desk, off: bool) -> None:
    """Anywhere in what was recorded, while nothing moves. It always stands there, so that nothing jumps."""
    # A slider for every place: one that is moved by the program may send its old place back with the next click.
    at = desk.position
    key, last = f"time {at} {desk.recorded}", max(1, desk.recorded)

    def scrubbed() -> None:
        nonlocal at
        to = st.session_state[key]
        if to != at:  # a browser still ticks with a slider that is gone, and Streamlit takes it for one that was moved
            at = to
            desk.jump(to)

    hidden = dict(label_visibility="collapsed", width="stretch")
    st.slider(tr("Time"), 0, last, at, key=key, disabled=off, on_change=scrubbed, **hidden)


def _changes(desk: Desk, wanted: Wanted | None, busy: bool) -> None:
    """What became of changed settings, and the way back."""
    with st.container(horizontal=True, vertical_alignment="center", gap="small"):
        if desk.can_fork(wanted) and not busy:
            st.button(
                tr("Fork at step {at}", at=desk.position),
                key="fork",
                on_click=desk.fork,
                args=(wanted,),
                help=tr(
                    "The same run up to here, then with the levels that are set now. What was there stays as a ghost."
                ),
            )
        if desk.before:
            st.button(
                tr("Undo"),
                key="undo",
                on_click=_undo,
                args=(desk,),
                help=tr("The run as it was before the last change"),
            )
        if wanted and not desk.matches(wanted):
            st.caption(
                tr("The settings have changed: press Reset, then Run, to use them.")
                if busy
                else tr("The settings have changed: Run begins anew with them.")
            )


def _undo(desk: Desk) -> None:
    levels = desk.undo()
    put_levels(levels, st.session_state["levels shown"])


def _new_seed() -> None:
    st.session_state.seed = (st.session_state.get("seed", 0) + 1) % 2**31
