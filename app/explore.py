"""After a run: its writes, paths and spectra, to be turned and brushed. Drawn when nothing moves."""

import streamlit as st

from .desk import Desk
from .landscape.panel import panel
from .theme import arm_name

QUIET = {"displayModeBar": False}


def explore(desk: Desk) -> None:
    box = st.expander(
        "Explore this run: sizes of writes, paths of the memories, directions in use, loss surface",
        key="explored",
        on_change="rerun",
    )
    if not box.open:
        return
    with box:
        traces = [] if desk.show is None or desk.busy else desk.view()
        if not traces or not traces[0].steps:
            st.caption("Pause or finish a run to explore it.")
            return
        names = ["Writes", "Paths", "Directions", "Loss surface"]
        sizes, paths, spectra, loss = st.tabs(names, key="explore", on_change="rerun")
        if sizes.open:
            with sizes:
                _writes(traces)
        if paths.open:
            with paths:
                _paths(traces)
        if spectra.open:
            with spectra:
                _directions(traces)
        if loss.open:
            with loss:
                panel(traces)


def _writes(traces) -> None:
    from .views import writes  # Altair takes a second to import, which a first visit need not wait for

    channel = st.segmented_control(
        "Quantity", list(writes.KINDS), default="change", required=True, format_func=writes.KINDS.get, key="quantity"
    )
    words = writes.sentence(traces)
    st.altair_chart(writes.chart(traces, channel), key="writes", alt=words)
    st.caption(f"{words} Drag over the small chart to look at a part of the run.")


def _paths(traces) -> None:
    from .views import geometry  # so does Plotly

    names = [arm_name(trace) for trace in traces]
    chosen = traces[names.index(st.selectbox("Learner", names, key="path"))]
    words = (
        "Each line is a level: its memory at every snapshot, along the three directions in which the snapshots differ "
        "most. Dots mark where a task begins."
    )
    st.plotly_chart(geometry.paths(chosen), config=QUIET, key="paths", alt=words)
    st.caption(words)


def _directions(traces) -> None:
    from .views import geometry

    memories = {f"{arm_name(t)} {level['name']}": (t, j) for t in traces for j, level in enumerate(t.levels)}
    trace, level = memories[st.selectbox("Memory", list(memories), key="spectrum")]
    words = geometry.sentence(trace, level)
    st.plotly_chart(geometry.spectra(trace, level), config=QUIET, key="spectra", alt=words)
    st.caption(words)
