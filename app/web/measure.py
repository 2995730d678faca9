"""Counts requests, and measures a tick as a browser has it: from its message to Streamlit's word that all is drawn.

It listens to the websocket from outside, so that every page is measured and none knows of it. Only short messages are
read: the two that matter hold a few numbers, while pictures hold megabytes.
"""

import time

from google.protobuf.message import DecodeError
from starlette.types import ASGIApp, Message, Receive, Scope, Send
from streamlit.proto.BackMsg_pb2 import BackMsg
from streamlit.proto.ForwardMsg_pb2 import ForwardMsg

from .metrics import REQUESTS, TICK

ROUTES = ("static", "media", "component", "live", "healthz", "metrics", "_stcore")
ASKED = 65_536  # bytes of a browser's message at most: longer ones bring texts
DRAWN = 400  # bytes of the message that ends a run of the page


def route_of(path: str) -> str:
    """The route of a path, one of few: addresses and tokens are no labels."""
    first = path.strip("/").partition("/")[0]
    return first if first in ROUTES else "page"


class Measure:
    """ASGI middleware; it changes nothing."""

    def __init__(self, app: ASGIApp):
        self.app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "http":
            await self._request(scope, receive, send)
        elif scope["type"] == "websocket":
            await self._session(scope, receive, send)
        else:
            await self.app(scope, receive, send)

    async def _request(self, scope: Scope, receive: Receive, send: Send) -> None:
        status = 500  # unless an answer begins

        async def told(message: Message) -> None:
            nonlocal status
            if message["type"] == "http.response.start":
                status = message["status"]
            await send(message)

        try:
            await self.app(scope, receive, told)
        finally:
            REQUESTS.labels(route_of(scope["path"]), str(status)).inc()

    async def _session(self, scope: Scope, receive: Receive, send: Send) -> None:
        began, part = 0.0, "page"

        async def heard() -> Message:
            nonlocal began, part
            message = await receive()
            asked = _asked(message.get("bytes"))
            if asked and not began:  # a request while one is under way is answered with it
                began, part = time.perf_counter(), asked
            return message

        async def told(message: Message) -> None:
            nonlocal began
            if began and _drawn(message.get("bytes")):
                TICK.labels(part).observe(time.perf_counter() - began)
                began = 0.0
            await send(message)

        await self.app(scope, heard, told)


def _asked(data: bytes | None) -> str:
    """What a browser's message asks to be drawn: the "page", a "fragment" of it, or nothing."""
    if not data or len(data) > ASKED:
        return ""
    try:
        message = BackMsg.FromString(data)
    except DecodeError:  # Streamlit will say so
        return ""
    if message.WhichOneof("type") != "rerun_script":
        return ""
    return "fragment" if message.rerun_script.fragment_id else "page"


def _drawn(data: bytes | None) -> bool:
    """Whether a message of the server's says that all is drawn."""
    if not data or len(data) > DRAWN:
        return False
    message = ForwardMsg.FromString(data)
    ended = message.WhichOneof("type") == "script_finished"
    return ended and message.script_finished != ForwardMsg.FINISHED_EARLY_FOR_RERUN
