"""The stream designer: what the tasks are, in which order they are visited and for how long, and how alike they are."""

import streamlit as st

from nested_core.config import ConfigError
from nested_core.phrase import phrase

from .design import ALIKE, NAMES, Design, read_order, told
from .language import tr
from .theme import task_words

LABELS = {
    "permuted_digits": phrase("Pixel orders"),
    "languages": phrase("Languages"),
    "class_digits": phrase("Classes of each task"),
}
ORDER_HELP = phrase(
    "The visits of a round, by the numbers of the tasks: 1 2 1 3. A visit stays as long as “Steps a visit” says; 2*50 "
    "stays 50 steps. Empty: every task once."
)
ALIKE_HELP = phrase(
    "Part of the pixels that stay in place, or of the letters that a cipher leaves alone. 0 %: independent tasks. "
    "100 %: the same task again."
)
CLASSES_HELP = phrase(
    "The digits that a task shows, a group for each task: 27 06 15. A class can be in several groups. Empty: dealt by "
    "the seed."
)


def designer(kind: str, tasks: int, dwell: int, problems: list[str]) -> tuple[int, Design]:
    """How many tasks there are, and the design. What cannot be read adds a sentence to the problems."""
    with st.expander(tr("Design the stream")):
        parts = _parts(kind)
        tasks = len(parts) or tasks
        key = f"order {kind}"
        text = st.text_input(
            tr("Order of visits"), key=key, placeholder="1 2 1 3", help=tr(ORDER_HELP), persist_state="session"
        )
        with st.container(horizontal=True, gap="xsmall"):
            for task in range(1, tasks + 1):
                st.button(
                    f"+ {task}",
                    key=f"visit {kind} {task}",
                    help=tr("Visit task {task} next", task=task),
                    on_click=_add,
                    args=(key, task),
                )
            st.button(
                tr("Remove last"),
                key=f"unvisit {kind}",
                help=tr("Take the last visit away"),
                on_click=_remove,
                args=(key,),
            )
        alike = 0
        if kind in ALIKE:
            alike = st.slider(
                tr("How alike are the tasks?"),
                0,
                100,
                step=5,
                format="%d %%",
                key=f"similar {kind}",
                persist_state="session",
                help=tr(ALIKE_HELP),
            )
    try:
        order, dwells = read_order(text, dwell)
    except ConfigError as error:
        problems.append(tr(error))
        order, dwells = (), ()
    return tasks, Design(parts, order, dwells, alike / 100)


def put_design(kind: str, design: Design) -> None:
    """Show this design in the widgets."""
    state = st.session_state
    state[f"order {kind}"] = told(design.order, design.dwells)
    state[f"similar {kind}"] = round(100 * design.similarity)
    state[f"parts {kind}"] = list(design.parts) if kind in NAMES else " ".join(design.parts)


def _parts(kind: str) -> tuple[str, ...]:
    """What the tasks are, where a person said so."""
    key, kept = f"parts {kind}", dict(persist_state="session")
    if kind in NAMES:
        return tuple(
            st.multiselect(
                tr(LABELS[kind]),
                NAMES[kind],
                format_func=task_words,
                key=key,
                placeholder=tr("as many as above"),
                **kept,
            )
        )
    if kind in LABELS:
        return tuple(
            st.text_input(tr(LABELS[kind]), key=key, placeholder="27 06 15", help=tr(CLASSES_HELP), **kept).split()
        )
    return ()


def _add(key: str, task: int) -> None:
    st.session_state[key] = f"{st.session_state.get(key) or ''} {task}".strip()


def _remove(key: str) -> None:
    st.session_state[key] = " ".join((st.session_state.get(key) or "").split()[:-1])
