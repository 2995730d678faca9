"""The Playground: choose a stream and learners, train them live, see who forgets."""

import streamlit as st

from app import explain
from app.charts import charts, tables
from app.controls import settings
from app.files import files
from app.state import desk as open_desk
from app.theme import STYLE

SPEEDS = {"slow": 5.0, "medium": 40.0, "fast": 0.0}

desk = open_desk()
with st.sidebar:
    wanted, problems = settings()
    problems += files(desk)

st.html(STYLE)
st.title("Nested Learning Playground", anchor=False)
st.markdown(explain.INTRO)

busy = desk.show is not None and desk.show.busy
with st.container(horizontal=True, vertical_alignment="center", gap="small"):
    speed = st.session_state.get("speed", "fast")
    can_run = wanted is not None or desk.resumable(wanted)
    st.button(
        "Run", key="run", type="primary", disabled=busy or not can_run, on_click=desk.run, args=(wanted, SPEEDS[speed])
    )
    st.button("Pause", key="pause", disabled=not busy, on_click=desk.pause)
    st.button("Step", key="step", disabled=not can_run, on_click=desk.step, args=(wanted,))
    st.button("Reset", key="reset", disabled=desk.show is None and not desk.fresh, on_click=desk.reset)
    speed = st.segmented_control(
        "Speed",
        SPEEDS,
        default="fast",
        required=True,
        key="speed",
        label_visibility="collapsed",
        help="Slow: 5 steps a second. Medium: 40. Fast: as fast as this computer goes.",
    )
if desk.live:
    desk.live.set_rate(SPEEDS[speed])
    if wanted and not desk.matches(wanted):
        st.caption(
            "The settings have changed: press Reset, then Run, to use them."
            if busy
            else "The settings have changed: Run begins anew with them."
        )

for sentence in problems:
    st.error(sentence)
charts(desk, wanted)
with st.expander("How it works: which mechanism does what"):
    st.markdown(explain.how(wanted.configs[0].stream.is_text if wanted else False))
tables(desk)
