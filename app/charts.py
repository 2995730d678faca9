"""The live part of the page: one fragment that redraws everything that moves, and the tables for when it stands."""

import pandas as pd
import streamlit as st

from . import explain
from .state import Desk
from .theme import arm_name, hue
from .views import alone, curves, memory, raster, summary, timeline

LIVE_SECONDS = 0.25
WATCH_SECONDS = 3.0  # while paused: only tells the runner that the tab is still open
WORDS = {
    "starting": "starting …",
    "running": "training",
    "paused": "paused",
    "finished": "finished",
    "failed": "stopped",
    "stopped": "stopped",
    "recorded": "recording",
    "waiting": "waiting",
}


def charts(desk: Desk, planned: int | None) -> None:
    """Everything that moves while a comparison trains; `planned` steps of the wanted one, while there is none."""
    busy = desk.show is not None and desk.show.busy
    cold = desk.show is None and not desk.pool.warmed
    st.fragment(lambda: _draw(desk, busy or cold, planned), run_every=LIVE_SECONDS if busy or cold else None)()
    if desk.live and desk.live.status == "paused":
        st.fragment(desk.live.touch, run_every=WATCH_SECONDS)()


def _draw(desk: Desk, ticking: bool, planned: int | None) -> None:
    show = desk.show
    if show is None:
        cold = not desk.pool.warmed
        if ticking and not cold:
            st.rerun()
        state = "warming up: a worker is loading torch" if cold else "ready" if planned else "choose the settings first"
        st.markdown(f"**Step 0 / {planned or 0}** · {state}")
        st.info(explain.EMPTY)
        return
    if ticking and not show.busy:
        st.rerun()  # stops the timer and brings the buttons up to date
    traces = show.view()
    cursor = traces[0].steps if traces else show.cursor
    status = WORDS[show.status]
    if show.status == "waiting":
        status = f"waiting: {show.ahead} other comparison{'s' * (show.ahead > 1)} on this server go first"
    st.markdown(f"**Step {cursor} / {show.total}** · {status} · {show.source}, seed {show.seed}")
    if show.error:
        st.error(show.error)
    if not traces:
        st.info("The learners are being prepared …")
        return
    st.markdown(summary.result(traces))
    _legend(traces)
    calm = not show.busy
    st.echarts_chart(
        timeline.option(traces),
        height=timeline.height(traces),
        key="timeline",
        alt=summary.alt_timeline(traces)
        if calm
        else "Forgetting curves and update raster, changing while the learners train.",
    )
    st.caption("  \n".join(f"**{arm_name(trace)}**: {summary.cost(trace)}" for trace in traces))
    st.caption(explain.HOW_TO_READ)
    _memories(traces, calm)


def _legend(traces) -> None:
    """Which colour is which task, as text."""
    seen = curves.first_seen(traces[0])
    marks = [f'<span style="color:{hue(t)}">■</span> {t + 1} {traces[0].tasks[t]}' for t in sorted(seen)]
    st.html("<div style='font-size:0.85rem'>" + " &emsp; ".join(marks) + "</div>")


def _memories(traces, calm: bool) -> None:
    """The heat maps of one level and, where levels can be asked alone, their answers."""
    memories = {f"{arm_name(t)} {level['name']}": (t, j) for t in traces for j, level in enumerate(t.levels)}
    st.markdown("##### Inside the memories")
    chosen = st.segmented_control(
        "Memory",
        list(memories),
        default=next(iter(memories)),
        required=True,
        key=f"memory {' '.join(memories)}",
        label_visibility="collapsed",
    )
    trace, level = memories[chosen]
    asked = alone.known(trace)
    left, right = st.columns([3, 2]) if asked else (st.container(), None)
    with left:
        words = memory.sentence(trace, level)
        st.echarts_chart(
            memory.option(trace, level),
            height=240,
            key="memory map",
            alt=summary.alt_memory(trace, level, words) if calm else "Heat map of a memory, changing.",
        )
        st.caption(f"{words} Shown: {trace.meta['memory']}.")
    if asked:
        with right:
            st.caption(
                f"What each level of **{arm_name(trace)}** answers if asked alone, at step {alone.latest(trace)[2]}"
            )
            st.html(alone.html(trace))


def tables(desk: Desk) -> None:
    """Every picture as a table; drawn when nothing moves."""
    with st.expander("Data tables"):
        if desk.show is None or desk.show.busy:
            st.caption("Pause or finish a run to read its numbers.")
            return
        traces = desk.show.view()
        if not traces:
            return
        tabs = st.tabs(["Forgetting curves", "Updates", "Every write", "Memory", "Asked alone"])
        frames = (
            pd.concat([curves.table(t) for t in traces]),
            pd.concat([raster.rates(t) for t in traces]),
            pd.concat([raster.table(t) for t in traces]),
            pd.concat([memory.table(t, i) for t in traces for i in range(len(t.levels))]),
            pd.concat([alone.table(t) for t in traces if alone.known(t)] or [pd.DataFrame()]),
        )
        for tab, frame in zip(tabs, frames, strict=True):
            with tab:
                st.dataframe(frame, hide_index=True, height=300)
