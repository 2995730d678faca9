"""The text of lessons on a page: Markdown, with each word of the glossary explained when one points at it."""

import re
from html import escape

import streamlit as st

from lessons import glossary

from ..language import tr

WIDTH = 860  # px
TERM = re.compile(r"\[\[([^\]|]+)(?:\|([^\]]+))?\]\]")  # [[term]], or [[term|as written here]]


def marked(text: str) -> str:
    """The text in the reader's language; [[term]] becomes an abbreviation that tells its meaning."""

    def explained(match) -> str:
        term, shown = match[1], match[2] or match[1]
        return f'<abbr title="{escape(tr(glossary.find(term).meaning))}" tabindex="0">{escape(shown)}</abbr>'

    return TERM.sub(explained, tr(text))


def say(text: str) -> None:
    """Text in lines short enough to read."""
    st.markdown(marked(text), unsafe_allow_html=True, width=WIDTH)
