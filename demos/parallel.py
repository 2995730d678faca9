"""Jobs over the workers of an engine, one thread each, with a progress bar. A demo names its jobs; this runs them.

ENGINE=ray spreads them over a cluster.
"""

import importlib
import math
import queue
import threading
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import Any, ClassVar

from rich.console import Console
from rich.progress import BarColumn, Progress, TaskProgressColumn, TextColumn, TimeRemainingColumn

from app.engine.budget import Budget
from app.engine.choose import open_engine
from app.engine.note import Note
from nested_core.trace import Trace

Report = Callable[[float], None]
"""Called with the share of the job that is done, from 0 to 1."""
POLL_SECONDS = 0.2


@dataclass(frozen=True)
class Job:
    """One run of a demo: an arm on one part of the experiment, with one seed and one choice of its sweep.

    choice  what was tuned, by name ({"rate": 3e-3}); the same keys as the trials of the demo
    quick   the short version, which tests the machinery and proves nothing
    device  "cpu" or "cuda"
    """

    entry: ClassVar[str] = "demos.parallel:work"

    demo: str
    part: str
    arm: str
    seed: int
    choice: dict[str, Any] = field(default_factory=dict)
    quick: bool = False
    device: str = "cpu"
    options: dict[str, Any] = field(default_factory=dict)


def work(job: Job, seed: int, snapshot: None = None) -> Iterator[Note]:
    """The worker's side. A demo's loop is its own, so it runs in a thread and is looked at from here."""
    from nested_core.cpu import prepare  # torch is needed in workers only

    said: queue.SimpleQueue[tuple[str, Any]] = queue.SimpleQueue()

    def run() -> None:
        prepare()
        try:
            trace = importlib.import_module(f"demos.{job.demo}").run(job, lambda share: said.put(("share", share)))
            said.put(("trace", trace))
        except BaseException as error:
            said.put(("error", error))

    note = Note()
    yield note
    threading.Thread(target=run, daemon=True).start()
    kind = ""
    while kind != "trace":  # not a look at note.new: whoever reads the note takes that away
        try:
            kind, value = said.get(timeout=POLL_SECONDS)
        except queue.Empty:
            kind, value = "", None
        if kind == "error":
            raise value
        if kind:
            note.new[kind] = [value]
        yield note


def run_all(jobs: list[Job], console: Console, words: str = "runs") -> list[Trace]:
    """The traces of all jobs, in order, computed by one worker a core (on a GPU: one). Raises RuntimeError where one
    failed."""
    budget = Budget(seconds=math.inf, megabytes=2**20)  # a person waits for exactly these
    engine = open_engine(1 if jobs[0].device == "cuda" else 0, entry=Job.entry, budget=budget)
    columns = (TextColumn("{task.description}"), BarColumn(), TaskProgressColumn(), TimeRemainingColumn())
    changed = threading.Event()
    traces: dict[int, Trace] = {}
    waiting, active = list(enumerate(jobs))[::-1], {}
    try:
        with Progress(*columns, console=console) as progress:
            bar = progress.add_task(f"{len(jobs)} {words}", total=len(jobs))
            while waiting or active:
                while waiting and len(active) < len(engine.slots):
                    place, job = waiting.pop()
                    active[place] = engine.submit(job, job.seed, on_change=changed.set)
                    active[place].let(1)
                changed.wait(POLL_SECONDS)
                changed.clear()
                shares = {}
                for place, handle in list(active.items()):
                    if handle.error:
                        raise RuntimeError(f"{jobs[place]}: {handle.error}")
                    log = handle.lists
                    shares[place] = log.get("share", [0.0])[-1]
                    if handle.done:
                        traces[place] = log["trace"][-1]
                        del active[place]
                        if not console.is_terminal:  # where a bar does not move
                            console.print(f"{len(traces)} of {len(jobs)} {words}", highlight=False)
                progress.update(bar, completed=len(traces) + sum(shares[place] for place in active if place in shares))
    finally:
        engine.close()
    return [traces[place] for place in range(len(jobs))]
