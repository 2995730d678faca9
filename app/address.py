"""The address of the page that is open: told by its settings, and offered to be copied or scanned."""

from collections.abc import Mapping
from functools import lru_cache

import segno
import streamlit as st

from .language import tr
from .query import link, of_page


def tell(fields: Mapping[str, str]) -> None:
    """Write these fields into the address, in place of all but those that are about the page itself."""
    query = st.query_params.to_dict()
    kept = {name: value for name, value in query.items() if of_page(name)}
    if {**fields, **kept} != query:
        st.query_params.from_dict({**fields, **kept})


def spoken() -> dict[str, str]:
    """The language that the address of this tab names, for links that the same person opens."""
    return {"lang": st.query_params["lang"]} if "lang" in st.query_params else {}


def offer(fields: Mapping[str, str], words: str) -> str:
    """A button that opens the link of these settings, to be copied, and its QR code; returns the link."""
    address = link((st.context.url or "").split("?")[0], fields)
    with st.popover(tr("Share"), help=words):
        st.code(address, language=None, wrap_lines=True)
        alt = tr("QR code of the link above")
        st.html(f'<img src="{_code(address)}" alt="{alt}" style="max-width: 100%">')
    return address


@lru_cache(maxsize=256)
def _code(address: str) -> str:
    """The QR code of an address as a data URI; kept, because a page is drawn again at every click."""
    return segno.make(address, error="l").svg_data_uri(scale=4, border=2, light="white", dark="black")
