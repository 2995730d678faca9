"""The worker's side: the entry `app.landscape.work:run` computes surfaces."""

import time
from collections.abc import Iterator
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


def run(job: Job, seed: int, snapshot: None = None) -> Iterator[News]:
    """Do one job, part by part."""
    news, told = News(), 0.0
    yield news
    work = surfaces(job.configs, seed, job.steps, job.grid, job.samples)
    while True:
        try:
            share, words = next(work)
        except StopIteration as end:
            news.meta = {"share": 1.0, "words": "done", "surfaces": end.value}
            break
        if time.monotonic() - told > TELL_SECONDS:
            told, news.meta = time.monotonic(), {"share": share, "words": words, "surfaces": None}
        yield news
    yield news
