"""Teach: rooms, one room on the teacher's own screen, and the stage for the projector."""

import streamlit as st

from app.classroom import stage, teacher
from app.classroom.store import StoreError
from app.language import tr

try:
    if st.query_params.get("view") == "stage":
        stage.page()
    else:
        teacher.page()
except StoreError as error:
    st.error(tr("Not shown: {error}", error=tr(error)))
