"""Join: the page that students open on their phones."""

import streamlit as st

from app.classroom import student
from app.classroom.store import StoreError
from app.language import tr

try:
    student.page()
except StoreError as error:
    st.error(tr("Not shown: {error}", error=tr(error)))
