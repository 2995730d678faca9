"""The live part of the page: one fragment that redraws everything that moves, and the tables for when it stands."""

import time
from html import escape

import pandas as pd
import streamlit as st

from nested_core.phrase import phrase
from nested_core.trace import Trace

from . import explain, live, pace
from .desk import Desk
from .files import renderer
from .language import plural, tr
from .share import Wanted
from .stage import stage
from .theme import arm_name, hue, level_name, task_name
from .views import alone, curves, gates, memory, moment, raster, summary, timeline
from .views import stage as stage_view

LIVE_SECONDS = 0.4
FIRST_SECONDS = 0.25  # that a page waits for the first step of a run that begins
WATCH_SECONDS = 3.0  # while paused: only tells the runner that the tab is still open
WORDS = {
    "starting": phrase("starting …"),
    "running": phrase("training"),
    "catching up": phrase("computing the same steps again, to go on from here"),
    "paused": phrase("paused"),
    "finished": phrase("finished"),
    "failed": phrase("stopped"),
    "stopped": phrase("stopped"),
    "recorded": phrase("recording"),
    "waiting": phrase("waiting"),
}

TABLES = (
    phrase("Forgetting curves"),
    phrase("Updates"),
    phrase("Every write"),
    phrase("Gates"),
    phrase("Memory"),
    phrase("Asked alone"),
)


def status(desk: Desk, line) -> None:
    """The line above the pictures, in its place: the step, and whether it trains."""
    show = desk.show
    if show is None:
        return
    at, words = desk.position if show.view() else show.cursor, WORDS[show.status]
    if show.status == "waiting":
        words = plural(
            "waiting: {n} other comparison on this server go first",
            "waiting: {n} other comparisons on this server go first",
            show.ahead,
        )
    if at < desk.recorded and desk.live:
        words = tr("{words}, {recorded} steps recorded", words=words, recorded=desk.recorded)
    told = tr(
        "**Step {at} / {total}** · {words} · {source}, seed {seed}",
        at=at,
        total=show.total,
        words=words,
        source=show.source,
        seed=show.seed,
    )
    line.markdown(f"{told} · {tr(explain.RECORDED)}" if desk.fresh else told)


def charts(desk: Desk, wanted: Wanted | None, line) -> None:
    """Everything that moves, while a comparison trains or is replayed, or workers warm up. line: place of the status"""
    ticking = desk.busy or (desk.show is None and not desk.engine.warmed)
    every = pace.tick(LIVE_SECONDS) if ticking else None
    st.fragment(lambda: _draw(desk, every, wanted, line), run_every=every)()
    if desk.live and desk.live.status == "paused":
        st.fragment(desk.live.touch, run_every=WATCH_SECONDS)()


def _await_first(desk: Desk) -> None:
    """While a run begins: wait a moment for its first step, so that it shows now and not with the next tick."""
    end = time.monotonic() + FIRST_SECONDS
    while desk.live and desk.live.status in ("starting", "running") and not desk.recorded and time.monotonic() < end:
        time.sleep(0.01)


def _draw(desk: Desk, every: float | None, wanted: Wanted | None, line) -> None:
    """every: seconds between two ticks; None where nothing moves."""
    if desk.show is None:
        _draw_before(desk, every is not None, wanted, line)
        return
    _await_first(desk)
    busy = desk.busy
    if every and (not busy or pace.changed(every, LIVE_SECONDS)):
        st.rerun()  # stops the timer, or sets another, and brings the buttons up to date
    traces = desk.view()
    status(desk, line)
    if desk.show.error:
        st.error(tr(desk.show.error))
    if traces:
        _pictures(traces, desk.ghosts, live.url(desk), calm=not busy)
    else:
        st.info(tr("The learners are being prepared …"))


def _draw_before(desk: Desk, ticking: bool, wanted: Wanted | None, line) -> None:
    """What stands there before the first step: an invitation."""
    cold = not desk.engine.warmed
    if ticking and not cold:
        st.rerun()
    planned = wanted.configs[0].stream.steps if wanted else 0
    state = phrase("getting ready") if cold else phrase("ready") if wanted else phrase("choose the settings first")
    line.markdown(tr("**Step 0 / {total}** · {words}", total=planned, words=state))
    st.info(tr(explain.EMPTY))


def _this_step(traces: list[Trace]) -> None:
    """What happened at the step that is looked at, in words, and as equations with its numbers."""
    if traces[0].steps:
        st.markdown("  \n".join(filter(None, (moment.sentence(trace) for trace in traces))))
        lines = [(arm_name(trace), line) for trace in traces for line in moment.equations(trace)]
        if lines:
            with st.expander(tr("The equations of this step, with its numbers")):
                for name, line in lines:
                    st.markdown(f"{name}: ${line}$")


def _pictures(traces: list[Trace], ghosts: list[Trace], url: str | None, calm: bool) -> None:
    """All views of these traces; `calm` when they stand still: then their descriptions are brought up to date."""
    st.markdown(summary.result(traces))
    alt = moment.plain(traces) if calm else tr("The memories, writing.")
    stage(stage_view.frame(traces), key="stage", alt=alt, url=url, busy=not calm)
    _legend(traces)
    words = summary.alt_timeline(traces) if calm else tr("Forgetting curves and update raster, changing.")
    st.echarts_chart(
        timeline.option(traces, ghosts),
        height=timeline.height(traces),
        key="timeline",
        renderer=renderer(calm),
        alt=words,
    )
    if calm:
        _this_step(traces)
    costs = [f"**{arm_name(trace)}**: {summary.cost(trace)}" for trace in traces]
    st.caption("  \n".join(filter(None, [*costs, summary.backend(traces)])))
    changes, gated = [summary.edits(trace) for trace in traces], any(map(gates.recorded, traces))
    told = [gates.sentence(traces)] if gated else []
    reading = [explain.HOW_TO_READ, *[explain.GATES] * gated, *[explain.GHOST] * bool(ghosts)]
    st.caption("  \n".join(filter(None, [*changes, *told, " ".join(map(tr, reading))])))
    _memories(traces, calm)


def _legend(traces) -> None:
    """Which colour is which task, as text."""
    names = {t: escape(task_name(traces[0], t)) for t in sorted(curves.first_seen(traces[0]))}
    marks = [
        f'<span style="white-space:nowrap"><span style="color:{hue(t)}">■</span> {t + 1} {name}</span>'
        for t, name in names.items()
    ]
    st.html(f"<div style='font-size:0.85rem'>{' &emsp; '.join(marks)}</div>")


def memories(traces: list[Trace]) -> dict[str, tuple[Trace, int]]:
    """Every memory, as its trace and its level, by a name that is the same in all languages."""
    learners = [(trace, trace.meta["config"]["learner"]["name"]) for trace in traces]
    return {f"{name} {level['name']}": (t, j) for t, name in learners for j, level in enumerate(t.levels)}


def memory_name(trace: Trace, level: int) -> str:
    """The name of a memory as people read it."""
    return tr("{learner} {level}", learner=arm_name(trace), level=level_name(trace.levels[level]))


def _memories(traces, calm: bool) -> None:
    """The heat maps of one level and, where levels can be asked alone, their answers."""
    found = memories(traces)
    st.header(tr("Inside the memories"), anchor=False)
    chosen = st.segmented_control(
        tr("Memory"),
        list(found),
        default=next(iter(found)),
        format_func=lambda name: memory_name(*found[name]),
        required=True,
        key=f"memory {' '.join(found)}",
        label_visibility="collapsed",
    )
    trace, level = found[chosen]
    if not calm and pace.crowded():
        st.caption(
            tr("Many watch at the moment: the large map comes when the run pauses. The stage shows every memory.")
        )
        return
    if not calm:  # the stage shows memories as they move; a large map redrawn all the time would only cost frames
        every = max(1, trace.meta["steps"] // 20)
        trace = trace.until(trace.steps // every * every)
    asked = alone.known(trace)
    left, right = st.columns([3, 2]) if asked else (st.container(), None)
    with left:
        words = memory.sentence(trace, level)
        st.echarts_chart(
            memory.option(trace, level),
            height=254,
            key="memory map",
            renderer=renderer(calm),
            alt=summary.alt_memory(trace, level, words) if calm else tr("Heat map of a memory, changing."),
        )
        st.caption(tr("{sentence} Shown: {content}.", sentence=words, content=tr(trace.meta["memory"])))
    if asked:
        with right:
            st.caption(
                tr(
                    "What each level of **{learner}** answers if asked alone, at step {step}",
                    learner=arm_name(trace),
                    step=alone.latest(trace)[2],
                )
            )
            st.html(alone.html(trace))


def tables(desk: Desk) -> None:
    """Every picture as a table; drawn when nothing moves and somebody looks, since they cost as much as the page."""
    box = st.expander(tr("Data tables"), key="tables", on_change="rerun")
    if not box.open:
        return
    with box:
        if desk.show is None or desk.busy:
            st.caption(tr("Pause or finish a run to read its numbers."))
            return
        traces = desk.view()
        if not traces:
            return
        tabs = st.tabs(list(map(tr, TABLES)))
        frames = (
            pd.concat([curves.table(t) for t in traces]),
            pd.concat([raster.rates(t) for t in traces]),
            pd.concat([raster.table(t) for t in traces]),
            pd.concat([gates.table(t) for t in traces]),
            pd.concat([memory.table(t, i) for t in traces for i in range(len(t.levels))]),
            pd.concat([alone.table(t) for t in traces if alone.known(t)] or [pd.DataFrame()]),
        )
        for tab, frame in zip(tabs, frames, strict=True):
            with tab:
                if frame is frames[3]:
                    st.caption(gates.sentence(traces))
                st.dataframe(frame, hide_index=True, height=300)
