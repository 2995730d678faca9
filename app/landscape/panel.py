"""The tab "Loss surface" of a finished or paused run: asks for it, waits beside the page, draws it."""

import streamlit as st

from nested_core.config import ConfigError
from nested_core.trace import Trace

from ..views.summary import plain
from .job import job
from .server import Landscapes, Work, differs

TICK_SECONDS = 0.5
HOW = (
    "The run is computed again from its settings and seed, this time keeping all weights, and the loss is measured on "
    "a grid around its end, in the plane in which the weights moved most (Li et al. 2018). It takes about as long as "
    "the run did, and a little more."
)
BELOW = (
    "Ring: where a learner began. Dot: where it ended, with the origin at the end of the first. A path is drawn at its "
    "own loss; where it leaves the surface, the weights were off the plane. The scale is logarithmic."
)


@st.cache_resource(show_spinner=False)
def landscapes() -> Landscapes:
    """The worker of this server that computes surfaces."""
    return Landscapes()


def panel(traces: list[Trace]) -> None:
    try:
        asked = job(traces)
    except ConfigError:
        st.caption("These traces were recorded by something else than the playground, so the run cannot be repeated.")
        return
    work = landscapes().find(asked)
    if work is None or work.error:
        st.caption(HOW)
        if work:
            st.error(f"surface: {work.error}")
        st.button("Compute the loss surface", on_click=landscapes().open, args=(asked,))
    elif work.busy:
        st.fragment(_wait, run_every=TICK_SECONDS)(work)
    else:
        _draw(work, traces)


def _wait(work: Work) -> None:
    landscapes().service.touch()
    if not work.busy:
        st.rerun()
    st.progress(work.share, f"{work.words}: {100 * work.share:.0f} %")


def _draw(work: Work, traces: list[Trace]) -> None:
    from ..views import surface  # Plotly takes a while to import

    for name in differs(work.surfaces, traces):
        st.error(f"surface: {name} did not repeat its run exactly on this machine, so this is another run's surface.")
    names = [" and ".join(map(surface.name, each.paths)) for each in work.surfaces]
    chosen = work.surfaces[0]
    with st.container(horizontal=True):
        if len(names) > 1:
            chosen = work.surfaces[names.index(st.selectbox("Learner", names, key="surface of"))]
        tasks = {"mean over all tasks": surface.ALL, **{f"{i + 1} {t}": i for i, t in enumerate(chosen.tasks)}}
        task = tasks[st.selectbox("Loss on", list(tasks), key="surface task")]
    words = surface.sentence(chosen, task)
    st.plotly_chart(
        surface.figure(chosen, task), config={"displayModeBar": False}, key="surface", alt=f"Surface. {plain(words)}"
    )
    st.caption(f"{words}  \n{BELOW}")
    with st.expander("Data table of the surface"):
        st.dataframe(surface.table(chosen), hide_index=True, height=260)
