"""Ending well: at SIGTERM or Ctrl+C streams end, tabs are told to come back, workers end; four seconds for all of it.

The server ends by itself once nothing is open. What does not let go (a browser that no longer answers, a page that
computes) is not waited for: workers see the end of their input however the server ends, also by SIGKILL.
"""

import logging
import os
import signal
import threading
from collections.abc import Callable
from types import FrameType
from typing import Any

SECONDS = 4.0
stopping = threading.Event()  # what streams look at
log = logging.getLogger(__name__)


def end_well() -> None:
    """Take over the signals of the web server, which hears of them next; only the main thread may."""
    if threading.current_thread() is not threading.main_thread():
        return
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, _before(signal.getsignal(number)))


def _before(then: Any) -> Callable[[int, FrameType | None], None]:
    def end(number: int, frame: FrameType | None) -> None:
        if not stopping.is_set():
            stopping.set()
            log.info("stopping", extra={"signal": signal.Signals(number).name})
            limit = threading.Timer(SECONDS, _now)
            limit.daemon = True
            limit.start()
        if callable(then):
            then(number, frame)

    return end


def _now() -> None:
    log.warning("stopped without waiting any longer", extra={"seconds": SECONDS})
    os._exit(0)
