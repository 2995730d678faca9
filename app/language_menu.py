"""The choice of a language: from the address, from the browser, or by the button at the top right of every page."""

import streamlit as st

from .language import LANGUAGES, language

_told = st.components.v2.component(
    "nested_learning.language", js="export default ({data}) => { document.documentElement.lang = data }"
)


def settle() -> None:
    """Before anything is drawn: the tab's language, from its address, from before, or as its browser asks for."""
    asked = st.query_params.get("lang")
    if asked in LANGUAGES:
        st.session_state["language"] = asked
    elif "language" not in st.session_state:
        wished = (st.context.locale or "en").split("-")[0]
        st.session_state["language"] = wished if wished in LANGUAGES else "en"


def choose(name: str) -> None:
    """Read on in this language; the address says so, for the next visit."""
    state = st.session_state
    for key, value in list(state.items()):  # a browser holds a choice by its label: tell it the new one
        values = value if isinstance(value, list | tuple) else [value]
        if values and all(isinstance(x, str | int | float) and not isinstance(x, bool) for x in values):
            state[key] = value
    state["language"] = name
    st.query_params["lang"] = name


def menu() -> None:
    """A button to the next language, at the top right of every page; it names itself in that language."""
    names = list(LANGUAGES)
    other = names[(names.index(language()) + 1) % len(names)]
    with st.container(key="language", width="content"):
        st.button(LANGUAGES[other], key="other language", type="tertiary", on_click=choose, args=(other,))
    _told(key="language of the page", data=language())  # for screen readers
