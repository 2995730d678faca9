"""Jobs over processes, one thread each, with a progress bar. A demo names its jobs; this runs them."""

import importlib
import multiprocessing
import os
import queue
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from rich.console import Console
from rich.progress import BarColumn, Progress, TaskProgressColumn, TextColumn, TimeRemainingColumn

from nested_core.trace import Trace

Report = Callable[[float], None]
"""Called with the share of the job that is done, from 0 to 1."""


@dataclass(frozen=True)
class Job:
    """One run of a demo: an arm on one part of the experiment, with one seed and one choice of its sweep.

    choice  what was tuned, by name ({"rate": 3e-3}); the same keys as the trials of the demo
    quick   the short version, which tests the machinery and proves nothing
    device  "cpu" or "cuda"
    """

    demo: str
    part: str
    arm: str
    seed: int
    choice: dict[str, Any] = field(default_factory=dict)
    quick: bool = False
    device: str = "cpu"
    options: dict[str, Any] = field(default_factory=dict)


def _start(messages) -> None:
    global _messages
    _messages = messages


def _run(job: Job) -> Trace:
    from nested_core.cpu import prepare  # torch is needed in workers only

    prepare()
    said = 0.0

    def report(share: float) -> None:
        nonlocal said
        if share - said >= 0.01 or share >= 1:
            _messages.put(share - said)
            said = share

    trace = importlib.import_module(f"demos.{job.demo}").run(job, report)
    _messages.put(1 - said)
    return trace


def run_all(jobs: list[Job], console: Console, words: str = "runs") -> list[Trace]:
    """The traces of all jobs, in order, computed by one process a core (on a GPU: one process)."""
    context = multiprocessing.get_context("spawn")
    messages = context.Queue()
    processes = 1 if jobs[0].device == "cuda" else min(len(jobs), os.cpu_count() or 1)
    columns = (TextColumn("{task.description}"), BarColumn(), TaskProgressColumn(), TimeRemainingColumn())
    with context.Pool(processes, _start, (messages,)) as pool, Progress(*columns, console=console) as progress:
        bar = progress.add_task(f"{len(jobs)} {words}", total=len(jobs))
        result = pool.map_async(_run, jobs, chunksize=1)
        while not (result.ready() and messages.empty()):
            try:
                progress.advance(bar, messages.get(timeout=0.2))
            except queue.Empty:
                continue
        return result.get()
