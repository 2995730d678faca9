"""One line an event: JSON for machines, text on a terminal. What an event is about goes along as `extra`.

    log.info("run finished", extra={"run": run_id, "steps": 1500})

Loggers of Streamlit and of the web server, which bring handlers of their own, are led here as well.
"""

import json
import logging
import sys
import time
from typing import Any

from app.settings import Settings

USUAL = {*vars(logging.makeLogRecord({})), "message", "asctime", "color_message"}
SILENT = ("uvicorn.access",)  # addresses hold tokens, which belong in no log
TOLD_ELSEWHERE = "Uncaught app execution"  # app.web.errors says it with a reference


def extras(record: logging.LogRecord) -> dict[str, Any]:
    """What the event is about."""
    return {name: value for name, value in vars(record).items() if name not in USUAL and name[0] != "_"}


class JsonLine(logging.Formatter):
    """One event as one line of JSON; its time is UTC."""

    def format(self, record: logging.LogRecord) -> str:
        at = time.strftime("%Y-%m-%dT%H:%M:%S", time.gmtime(record.created)) + f".{int(record.msecs):03d}Z"
        line = dict(time=at, level=record.levelname.lower(), logger=record.name, event=record.getMessage())
        line |= extras(record)
        if record.exc_info:
            line["error"] = self.formatException(record.exc_info)
        return json.dumps(line, default=str, ensure_ascii=False)


class TextLine(logging.Formatter):
    """One event as a person reads it."""

    def format(self, record: logging.LogRecord) -> str:
        at = time.strftime("%H:%M:%S", time.localtime(record.created))
        about = "".join(f"  {name}={value!r}" for name, value in extras(record).items())
        line = f"{at} {record.levelname.lower():7} {record.name}: {record.getMessage()}{about}"
        return f"{line}\n{self.formatException(record.exc_info)}" if record.exc_info else line


def configure(settings: Settings) -> None:
    """Lead all loggers that exist to one handler on stderr. Called again it also finds those that came later."""
    as_text = settings.log_format == "text" or (settings.log_format == "auto" and sys.stderr.isatty())
    handler = logging.StreamHandler()
    handler.setFormatter(TextLine() if as_text else JsonLine())
    logging.root.handlers[:] = [handler]
    logging.root.setLevel(settings.log_level.upper())
    for name, logger in logging.root.manager.loggerDict.items():
        ours = name.partition(".")[0] in ("streamlit", "uvicorn", "websockets")
        if ours and isinstance(logger, logging.Logger) and name not in SILENT:
            logger.handlers.clear()
            logger.propagate = True
            logger.setLevel(max(logger.level, logging.root.level))
    said = logging.getLogger("streamlit.error_util")
    said.filters[:] = [lambda record: record.msg != TOLD_ELSEWHERE]
