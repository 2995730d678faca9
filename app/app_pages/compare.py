"""Compare: any two runs of this tab, or opened from files, on shared scales, with what is different between them."""

from html import escape

import streamlit as st

from app.files import renderer
from app.opened import load
from app.state import desk as open_desk
from app.views import differences, summary, timeline
from nested_core.trace import TraceError

MOST_FILES = 10

desk = open_desk()
st.title("Compare two runs", anchor=False)
st.markdown("Any two runs of this tab or from files: the same scales, one cursor, and what is different between them.")

given = st.file_uploader(f"Open traces (.npz, at most {MOST_FILES})", type="npz", accept_multiple_files=True)
runs, now = {}, desk.show.view() if desk.show else []
for when, traces in [("in view", now), *((f"{i} before", found) for i, found in enumerate(desk.past[::-1], start=1))]:
    runs |= {f"{differences.label(trace)} · {when}": trace for trace in traces if trace.steps}
for file in given[:MOST_FILES]:
    try:
        trace = load(file)
        runs[f"{differences.label(trace)} · {file.name}"] = trace
    except TraceError as error:
        st.error(str(error))
if len(given) > MOST_FILES:
    st.error(f"{len(given)} files: open at most {MOST_FILES} at once; the first {MOST_FILES} are listed.")
if len(runs) < 2:
    st.info("Run something in the playground first, or open two saved traces here.")
    st.stop()

names = list(runs)
left, right = st.columns(2)
first = left.selectbox("Run A", names, index=0, key="run A")
second = right.selectbox("Run B", names, index=1, key="run B")
pair = [runs[first], runs[second]]
problem = differences.alike(*pair)
if problem:
    st.warning(problem)
    st.stop()

found = differences.differences(*pair)
chips = "".join(f"<span class='chip'><b>{escape(n)}</b> {escape(a)} → {escape(b)}</span> " for n, a, b in found)
st.html(f"<div aria-label='What is different'>{chips or 'The settings are the same.'}</div>")
if len(found) > 1:
    st.caption(f"{len(found)} settings differ: what the curves show cannot be put down to one of them.")
st.dataframe(differences.figures(pair), hide_index=True, key="figures")
st.echarts_chart(
    timeline.option(pair),
    height=timeline.height(pair),
    key="pair",
    renderer=renderer(),
    alt=" ".join(f"{place}: {summary.plain(summary.result([trace]))}" for place, trace in zip("AB", pair, strict=True)),
)
