"""/healthz, for whoever decides where visitors go: 200, or 503 with what is missing. /metrics, for Prometheus."""

import asyncio

from prometheus_client import CONTENT_TYPE_LATEST, generate_latest
from starlette.requests import Request
from starlette.responses import JSONResponse, PlainTextResponse, Response
from starlette.routing import Route

from app.classroom.shared import store
from app.classroom.store import StoreError
from app.settings import settings
from app.state import engine

from .metrics import RESTARTS, RUNS_RUNNING, RUNS_WAITING
from .stop import stopping

DATABASE_SECONDS = 3.0  # a database that takes longer is away


def _database() -> bool:
    try:
        store().check()
    except StoreError:
        return False
    return True


class Health:
    """Whether visitors should be sent here. Workers that were ready once count as ready: each is busy after a run."""

    def __init__(self) -> None:
        self.warmed = False

    async def answer(self, request: Request) -> Response:
        self.warmed = self.warmed or engine().warmed
        try:
            database = await asyncio.wait_for(asyncio.to_thread(_database), DATABASE_SECONDS)
        except TimeoutError:
            database = False
        found = {"database": database, "workers": self.warmed, "stopping": stopping.is_set()}
        well = database and self.warmed and not found["stopping"]
        return JSONResponse({"ok": well, **found}, 200 if well else 503, headers={"Cache-Control": "no-store"})


def metrics(request: Request) -> Response:
    """All counters in Prometheus' text format."""
    if not settings().metrics:
        return PlainTextResponse("Metrics are turned off; see PLAYGROUND_METRICS.\n", 404)
    trains = engine()
    RUNS_WAITING.set(trains.waiting)
    RUNS_RUNNING.set(trains.training)
    RESTARTS.set(trains.restarts)
    return Response(generate_latest(), media_type=CONTENT_TYPE_LATEST)


def routes() -> list[Route]:
    """The routes of one server."""
    return [Route("/healthz", Health().answer), Route("/metrics", metrics)]
