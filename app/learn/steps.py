"""One lesson: its eight steps, the way forward and back, and what each step shows."""

from dataclasses import replace
from urllib.parse import urlencode

import streamlit as st

import lessons
from lessons.handout import handout, key
from lessons.lesson import Lesson, Steps

from .. import share
from ..address import spoken, tell
from ..language import language, speaking, tr
from .activity import activity, results, wait
from .ask import ask
from .compare import compare
from .desk import desk as open_desk
from .desk import recording
from .predict import predict
from .progress import STEPS, Progress
from .words import say


def put(progress: Progress) -> None:
    """Write progress into the address."""
    tell(progress.query())


def playground(lesson: Lesson, **more: str) -> str:
    """The address of the playground with the lesson's configuration, and more fields."""
    return f"playground?{urlencode(share.read(lesson.link)[0].query() | more, safe='*')}"


def show(progress: Progress) -> None:
    lesson = lessons.lesson(progress.lesson)
    desk = open_desk()
    desk.open(lesson)
    if isinstance(lesson.activity, Steps):
        recording(lesson.number)  # begins in the background, to be ready after the prediction
    st.title(f"{lesson.number}. {tr(lesson.title)}", anchor=False)
    _where(progress)
    if progress.step == "hook":
        say(lesson.hook)
        st.caption(tr("{minutes} minutes. {paper}.", minutes=lesson.minutes, paper=tr(lesson.paper)))
    elif progress.step == "predict":
        predict(lesson, progress, lambda text: put(progress.lock(text).next()))
    elif progress.step == "run":
        activity(lesson, desk)
    elif progress.step == "reveal":
        _reveal(lesson, progress, desk)
    elif progress.step == "why":
        ask(lesson.why, f"why {lesson.number}")
    elif progress.step == "check":
        for i, question in enumerate(lesson.checks):
            ask(question, f"check {lesson.number} {i}")
    elif progress.step == "try":
        say(lesson.now_you)
        _link(lesson)
    else:
        progress = progress.finished(lesson.number)
        put(progress)
        _summary(lesson)
    _ways(progress)
    _papers(lesson)


def _where(progress: Progress) -> None:
    """The eight steps; those that are open can be gone to."""
    st.session_state["lesson step"] = progress.step

    def chosen() -> None:
        put(replace(progress, step=st.session_state["lesson step"]))

    st.segmented_control(
        tr("Step of the lesson"),
        progress.reachable(),
        format_func=lambda step: tr(STEPS[step]),
        required=True,
        key="lesson step",
        on_change=chosen,
        label_visibility="collapsed",
    )


def _ways(progress: Progress) -> None:
    """Back, Next, and out."""
    names, at = list(STEPS), progress.step
    leave = replace(progress, lesson=0, step="hook")
    if at != names[-1]:
        onward, name = progress.next(), tr("Next")
    elif progress.lesson < lessons.all_lessons()[-1].number:
        onward, name = replace(leave, lesson=progress.lesson + 1), tr("Next lesson")
    else:
        onward, name = leave, tr("To the end")
    closed = at == "predict" and progress.lesson not in progress.locked
    kind = "secondary" if at == "predict" else "primary"
    with st.container(horizontal=True, gap="small"):
        st.button(tr("Back"), key="lesson back", disabled=at == names[0], on_click=put, args=(progress.next(-1),))
        st.button(name, key="lesson next", disabled=closed, type=kind, on_click=put, args=(onward,))
        st.button(tr("All lessons"), key="lesson list", type="tertiary", on_click=put, args=(leave,))


def _reveal(lesson: Lesson, progress: Progress, desk) -> None:
    found = results(lesson, desk)
    if found is None and isinstance(lesson.activity, Steps):
        wait(recording(lesson.number))
        return
    if found is None:
        st.info(tr("Not all of it has run yet: go back to **Run**, and come here when it has finished."))
        return
    compare(lesson, progress, found)


def _summary(lesson: Lesson) -> None:
    st.markdown("\n".join(f"{i}. {tr(line)}" for i, line in enumerate(lesson.summary, 1)))
    _link(lesson)


def _link(lesson: Lesson) -> None:
    """The playground opens in a tab of its own, and takes along the language that this one's address asks for."""
    st.link_button(tr("Open the playground: {text}", text=tr(lesson.link_text)), playground(lesson, **spoken()))


def _papers(lesson: Lesson) -> None:
    """The lesson on paper; the answers lie behind a button of their own."""
    number, spoken = lesson.number, language()

    def paper(write, *found) -> str:
        with speaking(spoken):  # it is written when it is asked for, where no tab is known
            return write(lesson, *found, say=tr, language=spoken)

    with st.container(horizontal=True, gap="small"):
        st.download_button(tr("Handout"), lambda: paper(handout), f"lesson-{number:02}.html", "text/html",
                           key="handout", on_click="ignore", help=tr("Two pages to print"))  # fmt: skip
        with st.popover(tr("For teachers")):
            st.download_button(tr("Notes and answers"), lambda: paper(key, recording(number).result()),
                               f"lesson-{number:02}-key.html", "text/html", key="answer key", on_click="ignore",
                               help=tr("Runs the lesson first, which can take a minute"))  # fmt: skip
