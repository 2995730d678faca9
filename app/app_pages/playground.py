"""The Playground: choose a stream and learners, train them live, see who forgets."""

import streamlit as st

from app import explain, gallery
from app.charts import charts, tables
from app.controls import settings
from app.explore import explore
from app.files import files
from app.seeds import seeds
from app.state import desk as open_desk
from app.theme import STYLE
from app.transport import transport

desk = open_desk()
with st.sidebar:
    choice, wanted, problems = settings(desk)
    problems += files(desk, choice, wanted)
desk.greet(wanted)

st.html(STYLE)
st.title("Nested Learning Playground", anchor=False)
preset = gallery.by_name(st.session_state.get("preset"))
if preset and preset.choice == choice:
    st.markdown(f"**{preset.claim}** {preset.look}")
else:
    st.markdown(explain.INTRO)
transport(desk, wanted)
for sentence in problems:
    st.error(sentence)
charts(desk, wanted)
explore(desk)
seeds(desk, wanted)
with st.expander("How it works: which mechanism does what"):
    st.markdown(explain.how(wanted.configs[0].stream.is_text if wanted else False))
tables(desk)
