"""Learn: lessons in which the prediction comes before the run."""

import streamlit as st

from app.learn import contents, progress, steps

now = progress.read(st.query_params.to_dict())
(steps if now.lesson else contents).show(now)
