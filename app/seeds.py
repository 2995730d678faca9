"""How sure is a result: the wanted comparison on five or ten seeds, with a progress bar, a band and a sentence."""

import streamlit as st

from .desk import Desk
from .files import renderer
from .language import tr
from .share import Wanted
from .views import bands

COUNTS = (5, 10)
TICK_SECONDS = 1.0


def seeds(desk: Desk, wanted: Wanted | None) -> None:
    """An expander below the charts; while seeds train it looks after them once a second."""
    with st.expander(tr("How sure is this? The same on other seeds")):
        band = desk.band
        busy = band is not None and not band.finished
        with st.container(horizontal=True, vertical_alignment="center"):
            for count in COUNTS:
                st.button(
                    tr("Run {count} seeds", count=count),
                    key=f"run {count} seeds",
                    disabled=busy or wanted is None,
                    on_click=desk.start_band,
                    args=(wanted, count),
                )
            if busy:
                st.button(tr("Stop"), key="stop seeds", on_click=desk.stop_band)
        st.caption(tr("Other initial weights and another order of samples for each seed; the same for all learners."))
        if band:
            st.fragment(lambda: _draw(desk, busy), run_every=TICK_SECONDS if busy else None)()


def _draw(desk: Desk, busy: bool) -> None:
    band = desk.band
    if band is None:
        return
    band.advance()
    if busy and band.finished:
        st.rerun()
    if busy:
        waiting = band.running is not None and band.running.status == "waiting"
        words = (
            tr("waiting for the run above to end or pause")
            if waiting
            else tr("{done} of {wanted} seeds", done=len(band.done), wanted=len(band.seeds))
        )
        st.progress(band.share, words)
    if band.error:
        st.error(tr(band.error))
    if band.done:
        told = bands.sentence(band.done) or tr("One seed so far.")
        st.markdown(told)
        alt = tr("Mean score over the tasks seen so far, a band for each learner. {told}", told=told.replace("**", ""))
        st.echarts_chart(bands.option(band.done), height=310, key="band", renderer=renderer(not busy), alt=alt)
        st.dataframe(bands.table(band.done), hide_index=True, key="band table")
