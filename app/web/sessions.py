"""How many tabs one address may keep open: a websocket of Streamlit's is a session with memory of its own.

The address is the peer's, or behind N reverse proxies the Nth from the end of X-Forwarded-For: what stands further left
is whatever the client wrote there. Addresses of IPv6 count by their /64, which is what one subscriber gets.
"""

import ipaddress
import logging
from collections import Counter

from starlette.datastructures import Headers
from starlette.types import ASGIApp, Receive, Scope, Send

from .hosts import refuse
from .metrics import REFUSED, SESSIONS

STREAM = "/_stcore/stream"
log = logging.getLogger(__name__)


def address_of(scope: Scope, proxies: int) -> str:
    """Who asks; "unknown" where the server cannot tell, so that these share one limit."""
    text = (scope.get("client") or ("unknown",))[0]
    if proxies:
        passed = [part.strip() for line in Headers(scope=scope).getlist("x-forwarded-for") for part in line.split(",")]
        text = passed[-proxies] if len(passed) >= proxies else text
    try:
        address = ipaddress.ip_address(text)
    except ValueError:
        return "unknown"
    if isinstance(address, ipaddress.IPv6Address) and address.ipv4_mapped is None:
        return str(ipaddress.ip_network((address, 64), strict=False))
    return str(getattr(address, "ipv4_mapped", None) or address)


class Sessions:
    """ASGI middleware that counts open sessions, and refuses one too many with 429."""

    def __init__(self, app: ASGIApp, most: int, proxies: int):
        self.app, self.most, self.proxies = app, most, proxies
        self.open: Counter[str] = Counter()

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "websocket" or not scope["path"].endswith(STREAM):
            await self.app(scope, receive, send)
            return
        address = address_of(scope, self.proxies)
        if self.open[address] >= self.most:
            REFUSED.inc()
            log.warning("refused a session", extra={"address": address, "open": self.open[address]})
            await refuse(scope, receive, send, 429, f"Your address has {self.most} tabs open here; close some of them.")
            return
        self.open[address] += 1
        SESSIONS.inc()
        try:
            await self.app(scope, receive, send)
        finally:
            SESSIONS.dec()
            self.open[address] -= 1
            if not self.open[address]:
                del self.open[address]  # the server does not remember who was here
