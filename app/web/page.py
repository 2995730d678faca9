"""The one HTML page: told where its server is, and what it may load and run.

Opened at the address of a page, Streamlit's client first looks for its server below that address and logs two errors
(404). Telling it in the page where the server is spares both, and a round trip.

What the policy must allow was found in a browser (`tests/test_web.py` fails on every violation): 'unsafe-inline' for
styles, which Streamlit writes into the page as it draws; blob: for the scripts of components, which reach the browser
as text; WebAssembly for the numbers in Streamlit's messages; data: for pictures and for the font of icons. Scripts
inside the page are allowed by their hash. Nothing is evaluated or framed, and no other server is asked for anything.
"""

import base64
import hashlib
import re

from starlette.datastructures import MutableHeaders
from starlette.types import ASGIApp, Message, Receive, Scope, Send

HINT = (
    b"<head><script>{ const here = location.origin + '/'; "
    b"window.__streamlit = { BACKEND_BASE_URL: here, MAIN_PAGE_BASE_URL: here } }</script>"
)
INLINE = re.compile(rb"<script>(.*?)</script>", re.S)
POLICY = {
    "default-src": "'none'",
    "script-src": "'self' blob: 'wasm-unsafe-eval'",
    "style-src": "'self' 'unsafe-inline'",
    "img-src": "'self' data:",
    "font-src": "'self' data:",
    "connect-src": "'self'",
    "manifest-src": "'self'",
    "base-uri": "'none'",
    "form-action": "'none'",
}


def policy(body: bytes, ancestors: tuple[str, ...]) -> str:
    """The Content-Security-Policy of a page."""
    digests = [base64.b64encode(hashlib.sha256(script).digest()).decode() for script in INLINE.findall(body)]
    scripts = " ".join([POLICY["script-src"], *(f"'sha256-{digest}'" for digest in digests)])
    rules = POLICY | {"script-src": scripts, "frame-ancestors": " ".join(ancestors) or "'none'"}
    return "; ".join(f"{name} {sources}" for name, sources in rules.items())


class Page:
    """ASGI middleware that writes the hint into the page, and its policy above it."""

    def __init__(self, app: ASGIApp, ancestors: tuple[str, ...]):
        self.app, self.ancestors = app, ancestors

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        headers = dict(scope.get("headers", ()))
        if scope["type"] != "http" or b"text/html" not in headers.get(b"accept", b""):
            await self.app(scope, receive, send)
            return
        # Plain text can be changed, a compressed body cannot; an old copy in the browser lacks the hint.
        spared = (b"accept-encoding", b"if-none-match", b"if-modified-since")
        scope = {**scope, "headers": [(k, v) for k, v in scope["headers"] if k not in spared]}
        start: Message | None = None  # of a page, until all of it is there
        body = b""

        async def write(message: Message) -> None:
            nonlocal start, body
            if message["type"] == "http.response.start":
                kind = MutableHeaders(scope=message).get("content-type", "")
                if kind.startswith("text/html"):
                    start = message
                    return
            if start is None:  # a file, opened by its address
                await send(message)
                return
            body += message.get("body", b"")
            if message.get("more_body"):
                return
            body = body.replace(b"<head>", HINT, 1)
            found = MutableHeaders(scope=start)
            found["content-length"] = str(len(body))
            found["content-security-policy"] = policy(body, self.ancestors)
            await send(start)
            await send({"type": "http.response.body", "body": body})

        await self.app(scope, receive, write)
