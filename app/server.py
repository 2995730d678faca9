"""The app with its own web server settings: `streamlit run app/server.py`. Same pages as main.py.

Opened at the address of a page, Streamlit's client first looks for its server below that address and logs two errors
(404). Telling it in the page where the server is spares both, and a round trip.
"""

import sys
from contextlib import asynccontextmanager
from pathlib import Path

import streamlit as st
from starlette.middleware import Middleware

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))  # works from a clone that was never installed

from app import live
from app.settings import read_or_exit
from app.state import pool

read_or_exit()

HINT = (
    b"<head><script>{ const here = location.origin + '/'; "
    b"window.__streamlit = { BACKEND_BASE_URL: here, MAIN_PAGE_BASE_URL: here } }</script>"
)


class TellWhere:
    """ASGI middleware that writes the hint into the one HTML page."""

    def __init__(self, app):
        self.app = app

    async def __call__(self, scope, receive, send):
        headers = dict(scope.get("headers", ()))
        if scope["type"] != "http" or b"text/html" not in headers.get(b"accept", b""):
            await self.app(scope, receive, send)
            return
        # Plain text can be changed, a compressed body cannot; an old copy in the browser lacks the hint.
        spared = (b"accept-encoding", b"if-none-match", b"if-modified-since")
        scope = {**scope, "headers": [(k, v) for k, v in scope["headers"] if k not in spared]}
        start, body = {}, b""

        async def write(message):
            nonlocal start, body
            if message["type"] == "http.response.start":
                start = message
                return
            body += message.get("body", b"")
            if message.get("more_body"):
                return
            body = body.replace(b"<head>", HINT, 1)
            length = (b"content-length", str(len(body)).encode())
            start["headers"] = [(k, v) for k, v in start["headers"] if k != b"content-length"] + [length]
            await send(start)
            await send({"type": "http.response.body", "body": body})

        await self.app(scope, receive, write)


@asynccontextmanager
async def lifespan(app):
    """Workers start with the server, so that torch is loaded before the first visitor presses Run."""
    pool()
    yield


live.served = True
app = st.App("main.py", lifespan=lifespan, routes=[live.route], middleware=[Middleware(TellWhere)])
