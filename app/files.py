"""Share and keep: the link of the settings, and what is in view as files; open traces again."""

from functools import partial

import streamlit as st

from nested_core.config import ConfigError
from nested_core.trace import Trace, TraceError

from . import configuration, export
from .address import offer
from .controls import put
from .desk import Desk
from .language import language, speaking, tr
from .opened import to_bytes
from .share import Choice, Wanted
from .theme import arm_name

BYTES = "application/octet-stream"


def files(desk: Desk, choice: Choice, wanted: Wanted | None) -> list[str]:
    """Everything that leaves the page or comes back. Returns sentences about unusable files."""
    st.header(tr("Share and keep"), anchor=False)
    address = offer(choice.query(), tr("The link holds every setting and the seed; texts are not part of it."))
    content = partial(configuration.dump, choice, wanted)
    save(tr("Settings (JSON)"), content, "settings.json", tr("Also holds your own texts."))
    if wanted:
        script = partial(export.script, wanted.configs, wanted.seed)
        words = tr("Trains the same learners and draws their curves again.")
        save(tr("Python script"), script, "nested_run.py", words)
    traces = desk.show.view() if desk.show and not desk.fresh and not desk.busy else []
    if traces:
        with st.popover(tr("Save"), help=tr("The numbers of this run")):
            for trace in traces:
                label = tr("Save trace of {learner}", learner=arm_name(trace))
                save(label, partial(to_bytes, trace), file_name(trace))
            save(tr("Numbers as CSV (zip)"), partial(export.csv, traces), "trace.zip")
            save(tr("Numbers as Parquet"), partial(export.parquet, traces), "trace.parquet")
            save(tr("Report (HTML)"), partial(_report, language(), traces, address), "report.html")
    else:
        st.caption(tr("Pause or finish a run to save its traces."))
    told = tr("What the button above every chart saves: PNG, or SVG.")
    st.toggle(tr("Pictures as SVG"), key="svg", help=told, persist_state="session")
    st.file_uploader(tr("Open settings (.json)"), type="json", key="settings file", on_change=_open_settings)
    given = st.file_uploader(
        tr("Open trace (.npz files, one for each learner)"), type="npz", accept_multiple_files=True, key="traces"
    )
    names = tuple(file.file_id for file in given)
    if given and st.session_state.get("opened") != names:
        try:
            desk.open(given)
            st.session_state.opened = names
            st.rerun()
        except TraceError as error:
            return [tr(error)]
    elif not given:
        st.session_state.opened = ()
    return []


def _report(name: str, traces: list[Trace], address: str) -> bytes:
    """The report in a language: a download is made where no tab is known."""
    with speaking(name):
        return export.report(traces, address)


def renderer(calm: bool = True) -> str:
    """How ECharts draws, and so what it saves. A chart that moves is drawn on a canvas, which costs less."""
    return "svg" if calm and st.session_state.get("svg") else "canvas"


def _open_settings() -> None:
    """Put the settings of a file into the controls, or a sentence where they show."""
    file = st.session_state["settings file"]
    if file is None:
        return
    try:
        choice, texts, notices = configuration.read(file.name, file.getvalue())
    except ConfigError as error:
        st.session_state.notices = list(error.args)
        return
    put(choice)
    for i, text in enumerate(texts, start=1):
        st.session_state[f"paste {i}"] = text
    st.session_state.notices = notices


def save(label: str, data, name: str, words: str | None = None) -> None:
    """A download whose content is made when it is asked for."""
    st.download_button(label, data, mime=BYTES, on_click="ignore", file_name=name, help=words)


def file_name(trace: Trace) -> str:
    """Says what is inside: learner, stream and seed."""
    config = trace.meta["config"]
    return f"{config['learner']['name']}-{config['stream']['kind']}-{trace.meta['seed']}.npz"
