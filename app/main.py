"""The app: `streamlit run app/main.py`. The list of pages; what is on them is in app_pages."""

import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))  # works from a clone that was never installed

import streamlit as st

st.set_page_config("Nested Learning Playground", page_icon="🪆", layout="wide")
playground = st.Page("app_pages/playground.py", title="Playground", url_path="playground")
compare = st.Page("app_pages/compare.py", title="Compare", url_path="compare")


def home():
    """A default page has no address of its own, so the bare address leads on to the playground."""
    st.switch_page(playground)


st.navigation([st.Page(home, default=True, visibility="hidden"), playground, compare], position="top").run()
