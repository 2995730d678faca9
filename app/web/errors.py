"""What a visitor reads when a page fails: one sentence with a reference, which the log has too; no traceback."""

import logging
import secrets

import streamlit as st

from ..language import tr
from .metrics import PAGE_ERRORS

log = logging.getLogger(__name__)


def told(error: Exception) -> bool:
    """Streamlit's hook for whatever a page did not catch: True says that it has been shown."""
    reference = secrets.token_hex(3).upper()
    PAGE_ERRORS.inc()
    log.error("a page failed", exc_info=error, extra={"reference": reference})
    st.error(
        tr(
            "Something went wrong on this page. Reload it to go on; if it happens again, tell whoever runs this server "
            "the reference **{reference}**.",
            reference=reference,
        )
    )
    return True
