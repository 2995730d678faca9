"""The stage: a Streamlit component of plain JavaScript that paints frames of `app.views.stage`, without any library."""

from pathlib import Path

import streamlit as st

from nested_core.phrase import phrase

from ..language import tr

FOLDER = Path(__file__).resolve().parent
WORDS = {  # what stage.js writes, with its own values in the braces
    "is": phrase("is {truth}"),
    "next": phrase("next: {truth}"),
    "says": phrase("says {guess}"),
    "score": phrase("this batch: {score}"),
    "memory": phrase("memory"),
    "outlined": phrase("memory, last write outlined"),
    "cell": phrase("{name}: row {row}, column {column} of its memory at step {step}: {percent} % of the largest"),
    "every step": phrase("{name}: writes at every step."),
    "every nth step": phrase("{name}: writes at every {period}th step."),
    "every token": phrase("{name}: writes at every token, and starts empty in each sequence."),
    "last": phrase("Last write: step {step}, {percent} % of its largest."),
    "none": phrase("No write in this window."),
}
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
    words = {name: tr(said) for name, said in WORDS.items()}
    _mount(key=key, data={"frame": frame, "words": words, "alt": alt, "url": url if busy else None})
