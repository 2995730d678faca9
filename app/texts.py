"""The user's own texts: uploaded or pasted, each one a task."""

import streamlit as st

from nested_core.config import MAX_TEXT_BYTES, TASK_LIMITS, ConfigError, decode_text
from nested_core.phrase import phrase

from .language import tr


def own_texts(problems: list[str]) -> tuple[tuple[str, str], ...]:
    """(name, text) of every usable upload and paste; each unusable one adds a sentence."""
    files = st.file_uploader(
        tr("Two or more text files (UTF-8, at most 5 MB each)"),
        accept_multiple_files=True,
        key="files",
        help=tr("Any plain text: a novel, notes, source code. It stays in the server's memory and goes with the tab."),
    )
    with st.expander(tr("Paste texts instead")):
        pasted, number = [], 1
        while number <= TASK_LIMITS["own_text"][1] and (number <= 2 or pasted[-1].strip()):
            pasted.append(st.text_area(tr("Text {number}", number=number), key=f"paste {number}", height=90))
            number += 1
    given = [(file.name, file.size, file.getvalue) for file in files]
    given += [(f"text {i}", len(text.encode()), text.encode) for i, text in enumerate(pasted, 1) if text.strip()]
    texts = []
    for name, size, read in given:
        try:
            if size > MAX_TEXT_BYTES:  # before it is copied
                raise ConfigError(
                    phrase(
                        "text {name!r}: {size:.1f} MB cannot be used; stay within 5 MB a file.",
                        name=name,
                        size=size / 2**20,
                    )
                )
            texts.append((name, decode_text(name, read())))
        except ConfigError as error:
            problems.append(tr(error))
    if len(texts) == 1 and not problems:
        st.info(tr("One more text: every text is a task, and forgetting takes two."))
    return tuple(texts)
