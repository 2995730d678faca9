"""The level editor: one line for every memory of the nested learner, with its clock and rate, and what it keeps."""

import contextlib
from dataclasses import dataclass, replace

import streamlit as st

from nested_core.config import ConfigError, LearnerConfig, Level
from nested_core.phrase import phrase

from .axis import axis, drawing
from .language import tr
from .views import diagram

LONGEST = 2_000  # steps: the end of the axis
MOST = 8  # levels of a learner


@dataclass
class Row:
    """One line of the level editor; `id` keeps its widgets apart when lines come and go."""

    id: int
    period: int
    rate: float
    retention: float = 1.0


HELP = phrase("Period: steps between two writes. Rate: Size of a write: step size of this level's optimizer.")
NESTED_HELP = phrase(
    "Period: steps between two writes. Rate: The fastest level: step size of its optimizer. Slower: what part of the "
    "way it moves to the faster one."
)
KEPT_HELP = phrase(
    "What part of its weights a level keeps at each of its writes; 1 keeps everything. Known as weight decay."
)


def level_editor(nested: LearnerConfig, name: str, problems: list[str]) -> tuple[Level, ...]:
    """Levels of the nested learner: add, remove, pause, change period, rate and retention."""
    rows = st.session_state.setdefault(
        f"levels {name}", [Row(i, x.period, x.rate, x.retention) for i, x in enumerate(nested.levels)]
    )
    words = tr(NESTED_HELP if nested.variant == "nested" else HELP)
    st.markdown(tr("**nested**: a memory for every clock"), help=words)
    periods = [st.session_state.get(f"period {name} {row.id}", row.period) for row in rows]
    held = [st.session_state.get(f"pause {name} {row.id}", False) for row in rows]
    axis(periods, held, LONGEST, f"axis {name}", lambda: dragged(rows, name))
    levels, lines = [], []
    for place, row in enumerate(rows):
        first = "visible" if place == 0 else "collapsed"
        a, b, c, d = st.columns([4, 4, 5, 2], vertical_alignment="bottom", gap="xsmall")
        key = f"{name} {row.id}"
        with a:
            period = st.number_input(
                tr("Period {place}", place=place + 1) if place else tr("Period"),
                step=1,
                key=f"period {key}",
                persist_state="session",
                **usual(f"period {key}", row.period),
                label_visibility=first,
            )
        with b:
            rate = st.number_input(
                tr("Rate {place}", place=place + 1) if place else tr("Rate"),
                step=None,
                format="%g",
                key=f"rate {key}",
                persist_state="session",
                **usual(f"rate {key}", row.rate),
                label_visibility=first,
            )
        with c:
            paused = st.checkbox(tr("pause"), key=f"pause {key}", persist_state="session")
        with d:
            st.button(
                "✕",
                key=f"remove {key}",
                help=tr("Remove the level every {period}", period=period),
                type="tertiary",
                disabled=len(rows) == 1,
                on_click=remove,
                args=(rows, row),
            )
        lines.append((period, rate, paused))
    for place, (line, kept) in enumerate(zip(lines, retentions(rows, name, [line[0] for line in lines]), strict=True)):
        try:
            levels.append(Level(*line, kept))
        except ConfigError as error:
            problems.append(tr("level {place}, {error}", place=place + 1, error=tr(error)))
    with contextlib.suppress(ConfigError):  # what is wrong is said where the run is made
        drawing(diagram.svg(replace(nested, levels=tuple(sorted(levels, key=lambda x: x.period)))), f"diagram {name}")
    st.button(tr("Add a level"), key=f"add {name}", disabled=len(rows) >= MOST, on_click=add, args=(rows, name))
    ordered = tuple(sorted(levels, key=lambda x: x.period))
    st.session_state["levels shown"] = name
    st.session_state["levels crossed"] = ordered != tuple(levels)  # then a level's place no longer says which it is
    return ordered


def retentions(rows: list[Row], name: str, periods: list[int]) -> list[float]:
    """What each level keeps at a write, out of the way of those who do not ask."""
    with st.expander(tr("Retention")):
        st.caption(tr(KEPT_HELP))
        return [
            st.number_input(
                tr("every {period} keeps", period=period),
                step=None,
                format="%g",
                key=f"keep {name} {row.id}",
                persist_state="session",
                **usual(f"keep {name} {row.id}", row.retention),
            )
            for row, period in zip(rows, periods, strict=True)
        ]


def usual(key: str, value: float) -> dict[str, float]:
    """The value of a widget that holds none yet."""
    return {} if key in st.session_state else {"value": value}


def dragged(rows: list[Row], name: str) -> None:
    """A handle of the axis was moved, added (after the last place) or removed (period 0)."""
    change = st.session_state[f"axis {name}"]["change"]
    place, period = int(change["place"]), int(change["period"])
    if place == len(rows) and len(rows) < MOST:
        add(rows, name, period)
    elif period == 0 and place < len(rows) > 1:
        remove(rows, rows[place])
    elif period and place < len(rows):
        st.session_state[f"period {name} {rows[place].id}"] = period


def put_levels(levels: tuple[Level, ...], name: str) -> None:
    """Show these levels in the editor `name`; ids are new, so that no widget keeps an older value."""
    first = 1 + max((row.id for row in st.session_state.get(f"levels {name}", [])), default=-1)
    st.session_state[f"levels {name}"] = [Row(first + i, x.period, x.rate, x.retention) for i, x in enumerate(levels)]
    for i, level in enumerate(levels):
        st.session_state[f"pause {name} {first + i}"] = level.paused


def add(rows: list[Row], name: str, period: int = 0) -> None:
    """One level more, of this period, or four times slower than the slowest."""
    slowest = max(rows, key=lambda r: st.session_state.get(f"period {name} {r.id}", r.period))
    longest = max(1, st.session_state.get(f"period {name} {slowest.id}", slowest.period))
    rate = 0.5 if slowest.rate >= 0.5 else 0.3
    rows.append(Row(max(r.id for r in rows) + 1, period or min(LONGEST, longest * 4), rate))


def remove(rows: list[Row], row: Row) -> None:
    rows.remove(row)
