"""What a lesson does: runs on the stage of the playground, or recorded steps with Next and Back."""

from concurrent.futures import Future

import streamlit as st

from lessons.lesson import Lesson, Results, Runs, Step, Steps
from nested_core.phrase import phrase

from .. import live
from ..language import tr
from ..stage import stage
from ..views import moment, summary, timeline
from ..views import stage as stage_view
from . import draw
from .desk import LessonDesk, recording
from .words import say

LIVE_SECONDS = 0.25
RATES = {phrase("slow"): 20.0, phrase("fast"): 0.0}  # steps a second; 0: as fast as it goes


def activity(lesson: Lesson, desk: LessonDesk) -> None:
    if isinstance(lesson.activity, Steps):
        _walk(lesson.number, lesson.activity)
    else:
        _runs(lesson.activity, desk)


def results(lesson: Lesson, desk: LessonDesk) -> Results | None:
    """What the comparison reads; None until all of it is there."""
    if isinstance(lesson.activity, Steps):
        future = recording(lesson.number)
        return future.result() if future.done() else None
    return desk.done if desk.finished else None


def _runs(runs: Runs, desk: LessonDesk) -> None:
    """Buttons, the choice of a scene, and the stage."""
    desk.tend()
    with st.container(horizontal=True, vertical_alignment="center", gap="small"):
        rate = RATES[st.session_state.get("pace", "fast")]
        name = tr("Run") if len(runs.scenes) == 1 else tr("Run all {n}", n=len(runs.scenes))
        st.button(
            name, key="run lesson", type="primary", disabled=desk.busy or desk.finished, on_click=desk.run, args=(rate,)
        )
        st.button(tr("Pause"), key="pause lesson", disabled=not desk.busy, on_click=desk.pause)
        st.button(
            tr("Reset"),
            key="reset lesson",
            disabled=not desk.done and not desk.show,
            on_click=desk.again,
            help=tr("Clear the runs. They will come out the same: same settings, same seed."),
        )
        st.segmented_control(tr("Pace"), RATES, default="fast", required=True, key="pace", format_func=tr,
                             label_visibility="collapsed", help=tr("Slow: 20 steps a second"))  # fmt: skip
    _stage(runs, desk)


def _stage(runs: Runs, desk: LessonDesk) -> None:
    ticking = desk.busy
    st.fragment(lambda: _scene(runs, desk, ticking), run_every=LIVE_SECONDS if ticking else None)()


def _scene(runs: Runs, desk: LessonDesk, ticking: bool) -> None:
    desk.tend()
    if ticking and not desk.busy:
        st.rerun()  # stops the timer and brings the buttons up to date
    names = [scene.name for scene in runs.scenes]
    now = desk.waiting.name if desk.waiting and (desk.busy or desk.done or desk.show) else None
    chosen = names[0]
    if len(names) > 1:
        if desk.busy and now:
            st.session_state["scene"] = now  # while it trains the view follows
        elif st.session_state.get("scene") not in names:
            st.session_state["scene"] = names[0]
        chosen = st.segmented_control(
            title(runs.knob), names, required=True, key="scene", disabled=desk.busy, format_func=tr
        )
    scene = next(s for s in runs.scenes if s.name == chosen)
    st.caption(tr(scene.look))
    if desk.show and desk.show.error:
        st.error(tr(desk.show.error))
    traces = desk.view(scene.name)
    if not traces:
        st.info(tr("The learner is being prepared …") if desk.busy else tr("Press **Run**. It trains here and now."))
        return
    steps = min(trace.steps for trace in traces)
    told = dict(at=steps, total=traces[0].meta["steps"], seed=desk.seed, result=summary.result(traces))
    st.markdown(tr("**Step {at} / {total}** · seed {seed} · {result}", **told))
    calm = not desk.busy
    alt = moment.plain(traces) if calm else tr("The memories, writing.")
    stage(stage_view.frame(traces), key="lesson stage", alt=alt, url=live.url(desk), busy=not calm)
    words = summary.alt_timeline(traces) if calm else tr("Forgetting curves and update raster, changing.")
    st.echarts_chart(timeline.option(traces), height=timeline.height(traces), key="lesson curves", alt=words)
    if calm:
        st.markdown("  \n".join(filter(None, (moment.sentence(trace) for trace in traces))))


def _walk(number: int, steps: Steps) -> None:
    """A step-through: a setting of the knob, one step at a time."""
    future = recording(number)
    if not future.done():
        wait(future)
        return
    if future.exception():
        st.error(tr("The steps could not be computed; reload the page to try again."))
        recording.clear(number)
        return
    option = st.segmented_control(title(steps.knob), steps.options, default=_usual(steps), required=True,
                                  key=f"knob {number}", format_func=tr)  # fmt: skip
    recorded: tuple[Step, ...] = future.result()[option]
    state, key = st.session_state, f"place {number}"
    place = min(state.setdefault(key, 0), len(recorded) - 1)

    def go(to: int) -> None:
        state[key] = to

    with st.container(horizontal=True, vertical_alignment="center", gap="small"):
        st.button(
            tr("Step back"), key="walk back", disabled=place == 0, on_click=go, args=(place - 1,), shortcut="Left"
        )
        st.button(tr("Next step"), key="walk on", disabled=place == len(recorded) - 1, on_click=go, args=(place + 1,),
                  type="primary", shortcut="Right")  # fmt: skip
        named = dict(at=place + 1, all=len(recorded), title=tr(recorded[place].title))
        st.markdown(tr("{at} of {all}: **{title}**", **named))
    _step(recorded[place], place)


def wait(future: Future) -> None:
    """Come back when the steps are there."""

    def look() -> None:
        if future.done():
            st.rerun()
        st.info(tr("The steps are being computed …"))

    st.fragment(look, run_every=LIVE_SECONDS)()


def title(knob: str) -> str:
    said = tr(knob)
    return said[0].upper() + said[1:]


def _usual(steps: Steps) -> str:
    return steps.options[len(steps.options) // 2]


def _step(step: Step, place: int) -> None:
    say(step.text)
    if step.equation:
        st.latex(step.equation)
    if step.pictures:
        for column, (i, picture) in zip(st.columns(len(step.pictures)), enumerate(step.pictures), strict=True):
            with column:
                option, alt = draw.option(picture), draw.words(picture)
                st.echarts_chart(option, height=draw.height(picture), key=f"step picture {i}", alt=alt)
