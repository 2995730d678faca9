"""The app: `streamlit run app/main.py`. The list of pages; what is on them is in app_pages."""

import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))  # works from a clone that was never installed

import streamlit as st

from app import language_menu, whole  # noqa: F401
from app.language import tr
from app.theme import STYLE
from nested_core.phrase import phrase

PAGES = {  # file: title. The file's name is also the address.
    "playground": phrase("Play", "page"),
    "learn": phrase("Learn", "page"),
    "memory": phrase("Talk to a memory", "page"),
    "draw": phrase("Draw a digit", "page"),
    "compare": phrase("Compare", "page"),
    "teach": phrase("Teach", "page"),
    "join": phrase("Join a class", "page"),
}

st.set_page_config("Nested Learning Playground", page_icon="🪆", layout="wide")
language_menu.settle()
pages = [st.Page(f"app_pages/{name}.py", title=tr(title), url_path=name) for name, title in PAGES.items()]


def home():
    """A default page has no address of its own, so the bare address leads on to the playground."""
    st.switch_page(pages[0])


page = st.navigation([st.Page(home, default=True, visibility="hidden"), *pages], position="top")
st.html(STYLE)
language_menu.menu()
if st.session_state.get("page") != page.url_path:  # just arrived: its controls follow the link
    st.session_state.update(page=page.url_path, settled=False)
page.run()
