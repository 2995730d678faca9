"""The tab "Loss surface" of a finished or paused run: asks for it, waits beside the page, draws it."""

from dataclasses import replace

import streamlit as st

from nested_core.config import ConfigError
from nested_core.phrase import phrase
from nested_core.trace import Trace

from ..language import tr
from ..theme import learner_name, task_name
from ..views.summary import join, plain
from .job import job
from .server import Landscapes, Work, differs

TICK_SECONDS = 0.5
HOW = phrase(
    "The run is computed again from its settings and seed, this time keeping all weights, and the loss is measured on "
    "a grid around its end, in the plane in which the weights moved most (Li et al. 2018). It takes about as long as "
    "the run did, and a little more."
)
BELOW = phrase(
    "Ring: where a learner began. Dot: where it ended, with the origin at the end of the first. A path is drawn at its "
    "own loss; where it leaves the surface, the weights were off the plane. The scale is logarithmic."
)
TOLD = (phrase("training again"), phrase("measuring the loss"))  # by nested_core.surface, on the way


@st.cache_resource(show_spinner=False)
def landscapes() -> Landscapes:
    """The worker of this server that computes surfaces."""
    return Landscapes()


def panel(traces: list[Trace]) -> None:
    try:
        asked = job(traces)
    except ConfigError:
        st.caption(
            tr("These traces were recorded by something else than the playground, so the run cannot be repeated.")
        )
        return
    work = landscapes().find(asked)
    if work is None or work.error:
        st.caption(tr(HOW))
        if work:
            st.error(tr("surface: {error}", error=tr(work.error)))
        st.button(tr("Compute the loss surface"), on_click=landscapes().open, args=(asked,))
    elif work.busy:
        st.fragment(_wait, run_every=TICK_SECONDS)(work)
    else:
        _draw(work, traces)


def _wait(work: Work) -> None:
    landscapes().service.touch()
    if not work.busy:
        st.rerun()
    st.progress(work.share, f"{tr(work.words)}: {100 * work.share:.0f} %")


def _draw(work: Work, traces: list[Trace]) -> None:
    from ..views import surface  # Plotly takes a while to import

    for name in differs(work.surfaces, traces):
        st.error(
            tr(
                "surface: {learner} did not repeat its run exactly on this machine, so this is another run's surface.",
                learner=learner_name(name),
            )
        )
    chosen, names = work.surfaces[0], [join([surface.name(path) for path in each.paths]) for each in work.surfaces]
    tasks = tuple(task_name(traces[0], task) for task in range(len(chosen.tasks)))
    told = {surface.ALL: tr("mean over all tasks"), **{i: f"{i + 1} {name}" for i, name in enumerate(tasks)}}
    with st.container(horizontal=True):
        if len(names) > 1:
            places = range(len(names))
            place = st.selectbox(tr("Learner"), places, format_func=names.__getitem__, key="surface of")
            chosen = work.surfaces[place]
        task = st.selectbox(tr("Loss on"), list(told), format_func=told.get, key="surface task")
    chosen = replace(chosen, tasks=tasks)
    words = surface.sentence(chosen, task)
    st.plotly_chart(
        surface.figure(chosen, task), config={"displayModeBar": False}, key="surface",
        alt=tr("Surface. {words}", words=plain(words)),
    )  # fmt: skip
    st.caption(f"{words}  \n{tr(BELOW)}")
    with st.expander(tr("Data table of the surface")):
        st.dataframe(surface.table(chosen), hide_index=True, height=260)
