"""Presentation: large type and no side bar, for a projector. One key, P, turns it on and off."""

import streamlit as st

from .language import tr

LARGE = """<style>
section[data-testid="stSidebar"], [data-testid="stExpandSidebarButton"] { display: none; }
html { font-size: 20px; }
.stMainBlockContainer p { font-size: 1.05rem; }
</style>"""


def presentation() -> None:
    """The button, and what it does to the page."""
    on = st.session_state.setdefault("present", False)
    label = tr("Back to settings") if on else tr("Present")
    st.button(label, key="presenting", shortcut="P", on_click=lambda: st.session_state.update(present=not on))
    if on:
        st.html(LARGE)
