"""Which names this server answers to. A page elsewhere that points a name of its own here gets nothing (DNS rebinding).

Without a list these are IP addresses, which nobody can point elsewhere, localhost, and the name of this machine: what a
class types in a room. With a list it is the list, and localhost for health checks.
"""

import ipaddress
import logging
import socket

from starlette.datastructures import Headers
from starlette.responses import PlainTextResponse
from starlette.types import ASGIApp, Receive, Scope, Send
from starlette.websockets import WebSocket

log = logging.getLogger(__name__)


async def refuse(scope: Scope, receive: Receive, send: Send, status: int, sentence: str) -> None:
    """Answer with a sentence, to a request or in place of a websocket."""
    response = PlainTextResponse(sentence + "\n", status)
    if scope["type"] == "http":
        await response(scope, receive, send)
    elif "websocket.http.response" in scope.get("extensions", {}):
        await WebSocket(scope, receive, send).send_denial_response(response)
    else:
        await send({"type": "websocket.close", "code": 1008})


def name_of(host: str) -> str | None:
    """The name in a Host header, without its port and in lower case; None where it cannot be one."""
    name, colon, port = host.rpartition(":") if not host.endswith("]") else (host, "", "")
    if not colon:
        name, port = host, "0"
    if not (port.isascii() and port.isdigit()) or not name.isascii() or not name or any(c in name for c in " /@,"):
        return None
    return name.lower().rstrip(".")


def _is_address(name: str) -> bool:
    try:
        ipaddress.ip_address(name.strip("[]"))
    except ValueError:
        return False
    return True


def known(name: str, hosts: tuple[str, ...]) -> bool:
    """Whether this server answers to the name."""
    if name in ("localhost", "127.0.0.1", "[::1]") or name.endswith(".localhost"):
        return True
    if not hosts:
        own = socket.gethostname().lower()
        return _is_address(name) or name in (own, f"{own}.local")
    return any(host in ("*", name) or (host[:2] == "*." and name.endswith(host[1:])) for host in hosts)


class KnownHost:
    """ASGI middleware: 400 where the Host header is no name, 421 where the name is not this server's."""

    def __init__(self, app: ASGIApp, hosts: tuple[str, ...]):
        self.app, self.hosts = app, hosts

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] in ("http", "websocket"):
            given = Headers(scope=scope).getlist("host")
            name = name_of(given[0]) if len(given) == 1 else None
            if name is None:
                await refuse(scope, receive, send, 400, "The request names no host, or none that can be read.")
                return
            if not known(name, self.hosts):
                log.warning("refused a request for another host", extra={"host": name[:80]})
                await refuse(
                    scope, receive, send, 421, "This server does not answer to that name; see PLAYGROUND_HOSTS."
                )
                return
        await self.app(scope, receive, send)
