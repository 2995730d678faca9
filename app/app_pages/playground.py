"""The Playground: choose a stream and learners, train them live, see who forgets."""

import streamlit as st

from app import explain, gallery
from app.charts import charts, status, tables
from app.controls import settings
from app.explore import explore
from app.files import files
from app.language import tr
from app.present import presentation
from app.seeds import seeds
from app.state import desk as open_desk
from app.transport import transport

desk = open_desk()
top, line = st.container(), st.empty()
status(desk, line)  # before the settings, since it answers a click
with st.sidebar:
    choice, wanted, problems = settings(desk)
    problems += files(desk, choice, wanted)
desk.greet(wanted)

with top:
    with st.container(horizontal=True, vertical_alignment="center"):
        st.title("Nested Learning Playground", anchor=False, width="stretch")
        if desk.fresh:
            st.button(
                tr("Play", "page"),
                icon=":material/play_arrow:",
                disabled=wanted is None,
                on_click=desk.run,
                args=(wanted, 0.0),
            )
            st.page_link("app_pages/learn.py", label=tr("Learn", "page"), icon=":material/school:")
        presentation()
    preset = gallery.by_name(st.session_state.get("preset"))
    told = preset and preset.choice == choice
    st.markdown(f"**{tr(preset.claim)}** {tr(preset.look)}" if told else tr(explain.INTRO))
    transport(desk, wanted)
    for sentence in problems:
        st.error(sentence)
charts(desk, wanted, line)
explore(desk)
seeds(desk, wanted)
with st.expander(tr("How it works: which mechanism does what")):
    st.markdown(tr(explain.how(wanted.configs[0].stream.is_text if wanted else False)))
tables(desk)
