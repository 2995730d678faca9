"""Compare: any two runs of this tab, or opened from files, on shared scales, with what is different between them."""

from html import escape

import streamlit as st

from app.files import renderer
from app.language import tr
from app.opened import load
from app.state import desk as open_desk
from app.views import differences, summary, timeline
from nested_core.trace import TraceError

MOST_FILES = 10

desk = open_desk()
st.title(tr("Compare two runs"), anchor=False)
st.markdown(
    tr("Any two runs of this tab or from files: the same scales, one cursor, and what is different between them.")
)

label = tr("Open traces (.npz, at most {most})", most=MOST_FILES)
given = st.file_uploader(label, type="npz", accept_multiple_files=True)
runs = {}  # what is listed and the trace, by a name that is the same in all languages
for i, traces in enumerate([desk.show.view() if desk.show else [], *desk.past[::-1]]):
    when = tr("{i} before", i=i) if i else tr("in view")
    for j, trace in enumerate(traces):
        if trace.steps:
            runs[f"{i} {j}"] = f"{differences.label(trace)} · {when}", trace
for file in given[:MOST_FILES]:
    try:
        trace = load(file)
        runs[file.file_id] = f"{differences.label(trace)} · {file.name}", trace
    except TraceError as error:
        st.error(tr(error))
if len(given) > MOST_FILES:
    st.error(
        tr(
            "{given} files: open at most {most} at once; the first {most} are listed.",
            given=len(given),
            most=MOST_FILES,
        )
    )
if len(runs) < 2:
    st.info(tr("Run something in the playground first, or open two saved traces here."))
    st.stop()

names = list(runs)
left, right = st.columns(2)
first = left.selectbox(tr("Run A"), names, format_func=lambda name: runs[name][0], index=0, key="run A")
second = right.selectbox(tr("Run B"), names, format_func=lambda name: runs[name][0], index=1, key="run B")
pair = [runs[first][1], runs[second][1]]
problem = differences.alike(*pair)
if problem:
    st.warning(problem)
    st.stop()

found = differences.differences(*pair)
chips = "".join(f"<span class='chip'><b>{escape(n)}</b> {escape(a)} → {escape(b)}</span> " for n, a, b in found)
st.html(f"<div aria-label='{tr('What is different')}'>{chips or tr('The settings are the same.')}</div>")
if len(found) > 1:
    st.caption(tr("{n} settings differ: what the curves show cannot be put down to one of them.", n=len(found)))
st.dataframe(differences.figures(pair), hide_index=True, key="figures")
st.echarts_chart(
    timeline.option(pair),
    height=timeline.height(pair),
    key="pair",
    renderer=renderer(),
    alt=" ".join(f"{place}: {summary.plain(summary.result([trace]))}" for place, trace in zip("AB", pair, strict=True)),
)
