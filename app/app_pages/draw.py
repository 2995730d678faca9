"""Draw a digit, and ask every level of both digit learners what it sees, after each task."""

import random

import streamlit as st

from app import address
from app.draw import explain, link, views
from app.draw.canvas import canvas, image, put
from app.draw.learners import Training, learners
from app.draw.questions import TASKS, Lesson
from app.draw.strokes import EMPTY
from app.language import tr
from app.theme import hue, task_words
from app.views.summary import plain
from nested_core.metrics import average_accuracy

TICK_SECONDS = 0.3


def choose() -> Lesson:
    """The settings at the side."""
    state = st.session_state
    if not state.get("settled"):  # the first run of this page: the link decides, or what was set before
        query = st.query_params.to_dict()
        if "draw held" not in state or not query.keys().isdisjoint(link.FIELDS):
            wish, state["draw notices"] = link.read(query)
            put(wish.image)
            state["draw held"] = wish
        held = state["draw held"]  # Streamlit forgets widgets of a page that is not drawn
        state.update({"draw tasks": held.tasks, "draw seed": held.seed, "settled": True})

    def new_seed() -> None:
        state["draw seed"] = (state["draw seed"] + 1) % 2**31

    st.header(tr("What they learned"), anchor=False)
    names = {5: tr("five tasks of two classes"), 2: tr("two tasks of five classes")}
    tasks = st.selectbox(tr("Tasks"), sorted(TASKS, reverse=True), format_func=names.get, key="draw tasks")
    other = tr("Other weights, other order of the classes.")
    seed = st.number_input(tr("Seed"), 0, 2**31 - 1, key="draw seed", help=other)
    st.button(tr("New seed"), key="draw new seed", on_click=new_seed, shortcut="N")
    state["draw held"] = link.Wish(int(tasks), int(seed), image())
    address.tell(state["draw held"].query())
    address.offer(state["draw held"].query(), tr("The link holds the settings and what is on the canvas."))
    return Lesson(int(tasks), int(seed))


def wait(lesson: Lesson) -> None:
    """Progress, until both learners are trained."""
    training = learners().open(lesson)
    if training.done or training.error:
        st.rerun()
    share = training.steps / training.total
    done = {"steps": training.steps, "total": training.total}
    if training.steps:
        st.progress(share, tr("Training both learners: {steps} of {total} steps", **done))
    else:
        st.progress(share, tr("The learners are being prepared: {steps} of {total} steps", **done))


def take(training: Training, digit: int) -> None:
    put(random.choice(training.examples[digit]))
    st.session_state["draw truth"] = digit


def results(lesson: Lesson, training: Training) -> None:
    """What both see, and what they saw after each earlier task."""
    tasks = training.recorders[0].meta["tasks"]
    truth = st.pills(tr("Which digit is it? (It is not told to the learners.)"), range(10), key="draw truth")
    if image() == EMPTY:
        st.info(tr("Draw a digit, or take one of the set: nothing is there to be seen yet."))
        return
    answers = learners().ask(lesson, image())
    if not answers:
        st.info(tr("The learners are busy; asking again …"))
        return
    task = st.segmented_control(
        tr("As they stood after task"),
        range(len(tasks)),
        default=len(tasks) - 1,
        required=True,
        format_func=lambda t: f"{t + 1}: {tasks[t].removeprefix('digits ')}",
        key=f"draw task {lesson.tasks}",
    )
    st.html(views.over_time(answers, tasks, task, truth))
    for column, answer in zip(st.columns(2), answers, strict=True):
        with column:
            said = views.sentence(answer, tasks, task, truth)
            st.markdown(said)
            picture = views.option(answer, tasks, task)
            alt = tr("Bars of the scores of ten classes for every level. {answer}", answer=plain(said))
            st.echarts_chart(picture, height=views.height(answer), key=f"draw {answer.arm}", alt=alt)
            st.caption(tr("Height: {what}.", what=answer.shows))
    marks = [
        f"<span style='color:{hue(t)}'>■</span> {tr('task {number}: {name}', number=t + 1, name=task_words(name))}"
        for t, name in enumerate(tasks)
    ]
    st.html(f"<div style='font-size:0.85rem'>{' &emsp; '.join([*marks, tr('grey: not taught yet')])}</div>")
    kept = [average_accuracy(trace.task_matrix()) for trace in training.traces()]
    scores = ", ".join(f"{views.name(a)} {100 * k:.0f} %" for a, k in zip(answers, kept, strict=True))
    st.caption(tr("On images of the set that neither was trained on, after all tasks: {scores}.", scores=scores))
    with st.expander(tr("Data table")):
        st.dataframe(views.table(answers, tasks), hide_index=True, height=260)


st.title(tr("Draw a digit"), anchor=False)
st.markdown(tr(explain.INTRO))
with st.sidebar:
    lesson = choose()
for sentence in st.session_state.get("draw notices", ()):
    st.error(tr(sentence))
training = learners().open(lesson)
left, right = st.columns(2, gap="medium")
with left:
    canvas()
    if "draw problem" in st.session_state:
        st.error(tr(st.session_state.pop("draw problem")))
    if training.examples:
        st.caption(tr("Or take one of the set that neither learner was trained on:"))
        with st.container(horizontal=True, gap="xsmall"):
            for digit in range(10):
                st.button(f"{digit}", key=f"draw take {digit}", on_click=take, args=(training, digit))
with right:
    if training.error:
        st.error(tr("training: {error}", error=training.error))
        st.button(tr("Train again"), on_click=learners().forget, args=(lesson,))
    elif not training.done:
        st.fragment(wait, run_every=TICK_SECONDS)(lesson)
    else:
        results(lesson, training)
with st.expander(tr("How it works, and what it leaves out")):
    st.markdown(tr(explain.HOW))
