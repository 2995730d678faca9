"""What moves, sent to the browser as it happens: /live/TOKEN streams frames of the stage as server-sent events.

A rerun of the page costs a browser and the server several times as much as a frame, so pictures that must move smoothly
come this way. Where the server has no such route, or a proxy holds events back, the page's own reruns bring frames.
"""

import asyncio
import secrets
from collections.abc import AsyncIterator
from typing import Protocol
from weakref import WeakValueDictionary

from starlette.requests import Request
from starlette.responses import Response, StreamingResponse
from starlette.routing import Route

from nested_core.trace import Trace

from . import pace
from .language import LANGUAGES, language, speaking
from .views import stage
from .web.metrics import STREAMS
from .web.stop import stopping

LONGEST = 20.0  # seconds; then the browser asks again, so that a server that stops is not held up
HEADERS = {"Cache-Control": "no-store", "X-Accel-Buffering": "no"}

served = False  # whether the server that runs this has the route
_shows: WeakValueDictionary[str, "Show"] = WeakValueDictionary()  # nobody guesses a token, and a show goes with its tab


class Show(Protocol):
    """What a tab has in view: whether it moves, at which step it is, and the traces up to there."""

    @property
    def busy(self) -> bool: ...

    @property
    def position(self) -> int: ...

    def view(self) -> list[Trace]: ...


def url(show: Show) -> str | None:
    """Where a browser finds what is shown, in the tab's language; None where the server has no such route."""
    if not served:
        return None
    token = next((name for name, held in _shows.items() if held is show), None) or secrets.token_urlsafe(16)
    _shows[token] = show
    return f"/live/{token}?lang={language()}"


async def events(show: Show, spoken: str = "en") -> AsyncIterator[str]:
    """Frames while anything moves, each only once; memories only where there is a new snapshot of them."""
    loop, sent, held = asyncio.get_running_loop(), None, {}
    end = loop.time() + LONGEST
    yield "retry: 200\n\n"
    while loop.time() < end and not stopping.is_set():
        busy, at = show.busy, show.position
        traces = show.view() if (at, busy) != sent else []
        if traces:
            sent = (at, busy)
            with speaking(spoken):  # not across the yield: what else runs here between two events speaks for others
                frame = stage.text(traces, held)
            yield f"data: {frame}\n\n"
        if not busy:
            yield "event: end\ndata:\n\n"
            return
        await asyncio.sleep(pace.frame())


def answer(request: Request) -> Response:
    show, asked = _shows.get(request.path_params["token"]), request.query_params.get("lang", "en")
    if show is None:
        return Response(status_code=404)
    frames = events(show, asked if asked in LANGUAGES else "en")
    return StreamingResponse(_counted(frames), media_type="text/event-stream", headers=HEADERS)


async def _counted(frames: AsyncIterator[str]) -> AsyncIterator[str]:
    with STREAMS.track_inprogress():
        pace.moving += 1
        try:
            async for frame in frames:
                yield frame
        finally:
            pace.moving -= 1


route = Route("/live/{token}", answer)
