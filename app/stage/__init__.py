"""The stage: a Streamlit component of plain JavaScript that paints frames of `app.views.stage`, without any library."""

from pathlib import Path

import streamlit as st

FOLDER = Path(__file__).resolve().parent
_mount = st.components.v2.component(
    "nested_learning.stage",
    isolate_styles=False,
    **{kind: (FOLDER / f"stage.{kind}").read_text(encoding="utf-8") for kind in ("html", "css", "js")},
)


def stage(frame: dict, key: str, alt: str, url: str | None, busy: bool) -> None:
    """Show a frame.

    alt  what it shows, for somebody who cannot see it
    url  where the browser gets newer frames by itself while `busy`
    """
    _mount(key=key, data={"frame": frame, "alt": alt, "url": url if busy else None})
