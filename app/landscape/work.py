"""The worker's side: `python -m app.worker app.landscape.work:run` computes surfaces, one job after the other."""

import time
from collections.abc import Callable
from typing import Any

from nested_core.surface import surfaces

from .job import Job

TELL_SECONDS = 0.3


class News:
    """What the worker takes for a recorder: no events, and how far it is as meta, new whenever there is news."""

    def __init__(self) -> None:
        self.meta: dict[str, Any] = {"share": 0.0, "words": "starting", "surfaces": None}

    def take(self) -> dict[str, Any]:
        return {}


def run(job: Any, seed: int, on_step: Callable[[News], Any]) -> None:
    """Do one job; anything else is the worker warming up, which needs no more than these imports."""
    if not isinstance(job, Job):
        return
    news, told = News(), 0.0

    def tell(share: float, words: str) -> bool:
        nonlocal told
        if time.monotonic() - told < TELL_SECONDS:
            return True
        told, news.meta = time.monotonic(), {"share": share, "words": words, "surfaces": None}
        return on_step(news) is not False

    on_step(news)
    found = surfaces(job.configs, seed, job.steps, job.grid, job.samples, tell)
    news.meta = {"share": 1.0, "words": "done", "surfaces": found}
    on_step(news)
