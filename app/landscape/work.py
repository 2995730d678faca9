"""The worker's side: the entry `app.landscape.work:run` computes surfaces."""

import time
from collections.abc import Iterator

from nested_core.phrase import phrase
from nested_core.surface import surfaces

from ..engine.note import Note
from .job import Job

TELL_SECONDS = 0.3


def run(job: Job, seed: int, snapshot: None = None) -> Iterator[Note]:
    """Do one job, part by part."""
    news, told = Note({"share": 0.0, "words": phrase("starting"), "surfaces": None}), 0.0
    yield news
    work = surfaces(job.configs, seed, job.steps, job.grid, job.samples)
    while True:
        try:
            share, words = next(work)
        except StopIteration as end:
            news.meta = {"share": 1.0, "words": phrase("done"), "surfaces": end.value}
            break
        if time.monotonic() - told > TELL_SECONDS:
            told, news.meta = time.monotonic(), {"share": share, "words": words, "surfaces": None}
        yield news
    yield news
