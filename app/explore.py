"""After a run: its writes, paths and spectra, to be turned and brushed. Drawn when nothing moves."""

import streamlit as st

from nested_core.phrase import phrase

from .charts import memories, memory_name
from .desk import Desk
from .landscape.panel import panel
from .language import tr
from .theme import arm_name

QUIET = {"displayModeBar": False}
TABS = (phrase("Writes"), phrase("Paths"), phrase("Directions"), phrase("Loss surface"))


def explore(desk: Desk) -> None:
    box = st.expander(
        tr("Explore this run: sizes of writes, paths of the memories, directions in use, loss surface"),
        key="explored",
        on_change="rerun",
    )
    if not box.open:
        return
    with box:
        traces = [] if desk.show is None or desk.busy else desk.view()
        if not traces or not traces[0].steps:
            st.caption(tr("Pause or finish a run to explore it."))
            return
        sizes, paths, spectra, loss = st.tabs(list(map(tr, TABS)), key="explore", on_change="rerun")
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
        tr("Quantity"),
        list(writes.KINDS),
        default="change",
        required=True,
        format_func=lambda kind: tr(writes.KINDS[kind]),
        key="quantity",
    )
    words = writes.sentence(traces)
    st.altair_chart(writes.chart(traces, channel), key="writes", alt=words)
    st.caption(tr("{sentence} Drag over the small chart to look at a part of the run.", sentence=words))


def _paths(traces) -> None:
    from .views import geometry  # so does Plotly

    found = {trace.meta["config"]["learner"]["name"]: trace for trace in traces}
    chosen = st.selectbox(tr("Learner"), list(found), format_func=lambda name: arm_name(found[name]), key="path")
    words = tr(
        "Each line is a level: its memory at every snapshot, along the three directions in which the snapshots differ "
        "most. Dots mark where a task begins."
    )
    st.plotly_chart(geometry.paths(found[chosen]), config=QUIET, key="paths", alt=words)
    st.caption(words)


def _directions(traces) -> None:
    from .views import geometry

    found = memories(traces)
    chosen = st.selectbox(tr("Memory"), list(found), format_func=lambda name: memory_name(*found[name]), key="spectrum")
    trace, level = found[chosen]
    words = geometry.sentence(trace, level)
    st.plotly_chart(geometry.spectra(trace, level), config=QUIET, key="spectra", alt=words)
    st.caption(words)
