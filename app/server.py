"""The app with its own web server settings: `streamlit run app/server.py`. Same pages as main.py."""

import asyncio
import gc
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import streamlit as st
from starlette.middleware import Middleware
from streamlit import config

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))  # works from a clone that was never installed

from app import live
from app.settings import read_or_exit
from app.state import engine
from app.web import errors, logs
from app.web.headers import SafeHeaders
from app.web.hosts import KnownHost
from app.web.measure import Measure
from app.web.page import Page
from app.web.routes import routes
from app.web.sessions import Sessions
from app.web.stop import end_well

settings = read_or_exit(prepare=True)
logs.configure(settings)
config.set_option("server.maxUploadSize", settings.upload_megabytes)


TIDY_SECONDS = 10


async def tidy() -> None:
    """Streamlit leaves an event loop with every run of a page, three open files in a ring that only this frees."""
    while True:
        await asyncio.sleep(TIDY_SECONDS)
        gc.collect()


@asynccontextmanager
async def lifespan(app: st.App) -> AsyncIterator[None]:
    """Workers start with the server, so that torch is loaded before the first visitor presses Run."""
    logs.configure(settings)
    end_well()
    trains = engine()
    tidying = asyncio.create_task(tidy())
    yield
    tidying.cancel()
    trains.close()


live.served = True
app = st.App(
    "main.py",
    lifespan=lifespan,
    routes=[live.route, *routes()],
    middleware=[
        Middleware(SafeHeaders),
        Middleware(Measure),
        Middleware(KnownHost, hosts=settings.hosts),
        Middleware(Sessions, most=settings.sessions_per_address, proxies=settings.proxies),
        Middleware(Page, ancestors=settings.frame_ancestors),
    ],
    on_script_error=errors.told,
)
