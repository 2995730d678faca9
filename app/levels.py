"""The level editor: one line for every memory of the nested learner, with its clock and rate."""

from dataclasses import dataclass

import streamlit as st

from nested_core.config import ConfigError, LearnerConfig, Level


@dataclass
class Row:
    """One line of the level editor; `id` keeps its widgets apart when lines come and go."""

    id: int
    period: int
    rate: float


def level_editor(nested: LearnerConfig, name: str, problems: list[str]) -> tuple[Level, ...]:
    """Levels of the nested learner: add, remove, pause, change period and rate."""
    rows = st.session_state.setdefault(
        f"levels {name}", [Row(i, x.period, x.rate) for i, x in enumerate(nested.levels)]
    )
    help_rate = (
        "The fastest level: step size of its optimizer. Slower: what part of the way it moves to the faster one."
        if nested.variant == "nested"
        else "Size of a write: step size of this level's optimizer."
    )
    st.markdown("**nested**: a memory for every clock", help=f"Period: steps between two writes. Rate: {help_rate}")
    levels = []
    for place, row in enumerate(rows):
        first = "visible" if place == 0 else "collapsed"
        a, b, c, d = st.columns([4, 4, 5, 2], vertical_alignment="bottom", gap="xsmall")
        key = f"{name} {row.id}"
        with a:
            period = st.number_input(
                f"Period {place + 1}" if place else "Period",
                value=row.period,
                step=1,
                key=f"period {key}",
                label_visibility=first,
            )
        with b:
            rate = st.number_input(
                f"Rate {place + 1}" if place else "Rate",
                value=row.rate,
                step=None,
                format="%g",
                key=f"rate {key}",
                label_visibility=first,
            )
        with c:
            paused = st.checkbox("pause", key=f"pause {key}")
        with d:
            st.button(
                "✕",
                key=f"remove {key}",
                help=f"Remove the level every {period}",
                type="tertiary",
                disabled=len(rows) == 1,
                on_click=remove,
                args=(rows, row),
            )
        try:
            levels.append(Level(period, rate, paused))
        except ConfigError as error:
            problems.append(f"level {place + 1}, {error}")
    st.button("Add a level", key=f"add {name}", disabled=len(rows) >= 8, on_click=add, args=(rows, name))
    ordered = tuple(sorted(levels, key=lambda x: x.period))
    st.session_state["levels shown"] = name
    st.session_state["levels crossed"] = ordered != tuple(levels)  # then a level's place no longer says which it is
    return ordered


def put_levels(levels: tuple[Level, ...], name: str) -> None:
    """Show these levels in the editor `name`; ids are new, so that no widget keeps an older value."""
    first = 1 + max((row.id for row in st.session_state.get(f"levels {name}", [])), default=-1)
    st.session_state[f"levels {name}"] = [Row(first + i, x.period, x.rate) for i, x in enumerate(levels)]
    for i, level in enumerate(levels):
        st.session_state[f"pause {name} {first + i}"] = level.paused


def add(rows: list[Row], name: str) -> None:
    """One level more, four times slower than the slowest."""
    slowest = max(rows, key=lambda r: st.session_state.get(f"period {name} {r.id}", r.period))
    period = st.session_state.get(f"period {name} {slowest.id}", slowest.period)
    rows.append(Row(max(r.id for r in rows) + 1, max(1, period) * 4, 0.5 if slowest.rate >= 0.5 else 0.3))


def remove(rows: list[Row], row: Row) -> None:
    rows.remove(row)
