"""The side that computes: several jobs in one process, in turns, so that all of them move.

Commands   ("run", job, owner, config, seed, snapshot)   ("until", job, steps)   ("edit", job, levels)   ("stop", job)
Answers    ("meta", job, meta) at the start and after an edit   ("new", job, entries)   ("snapshot", job, bytes)
           ("done", job)   ("error", job, sentence)   ("turn", job) where another job has its turn than before
           ("beat",) once a second, to show that the process is alive

A job never runs past `until`: raising it is Run, leaving it is Pause, adding 1 is Step. What a job is its config says:
`config.entry`, "module:name", makes of (config, seed, snapshot) an iterator of recorders, each `next` doing a small
part; a RunConfig is `nested_core.run.Run`. Between two parts a job can be stopped, or another one has its turn.
"""

import contextlib
import ctypes
import gc
import importlib
import threading
import time
import traceback
from collections import defaultdict
from collections.abc import Callable
from typing import Any

from nested_core.config import ConfigError
from nested_core.phrase import phrase

from .budget import Budget

RUN = "nested_core.run:Run"
SLICE_SECONDS = 0.05  # of one turn
BATCH_SECONDS = 0.08  # between two messages with new events of one job: about 12 a second
BEAT_SECONDS = 1.0
SNAPSHOT_SECONDS = 2.0  # between two snapshots of one job


class Job:
    """One job: its work, how far it may go, what was told of it, and the processor seconds it has used."""

    def __init__(self, number: int, owner: str, config: Any, seed: int, snapshot: bytes | None):
        self.number, self.owner = number, owner
        self.config, self.seed, self.snapshot = config, seed, snapshot
        self.work: Any = None
        self.recorder: Any = None
        self.told: Any = None  # the meta that was sent
        self.until, self.stopped = 0, False
        self.between = True  # two steps: only there it can be edited
        self.edits: list[Any] = []
        self.used = self.sent_at = self.turn_at = 0.0
        self.kept_at = time.monotonic()

    @property
    def steps(self) -> int:
        return getattr(self.work, "steps", 0)

    @property
    def ready(self) -> bool:
        return self.work is None or self.stopped or bool(self.edits) or self.steps < self.until


class Jobs:
    """Takes orders at any time, from any thread; `turn` computes."""

    def __init__(self, send: Callable[..., None], entry: str = RUN, budget: Budget | None = None):
        self.send, self.entry, self.budget = send, entry, budget or Budget()
        self.changed = threading.Condition()
        self.jobs: dict[int, Job] = {}
        self.served: dict[str, float] = defaultdict(float)  # seconds, of every owner
        self.last, self.beat_at = 0, 0.0

    def order(self, kind: str, number: int, *rest: Any) -> None:
        """One command. What is said of a job that has ended is not heard."""
        with self.changed:
            if kind == "run":
                self._add(Job(number, *rest))
            elif job := self.jobs.get(number):
                if kind == "until":
                    job.until = rest[0]
                elif kind == "edit":
                    job.edits.append(rest[0])
                else:
                    job.stopped = True
            self.changed.notify_all()

    def _add(self, job: Job) -> None:
        """A new owner starts where the least served one stands: nobody catches up on time not asked for."""
        if job.owner not in self.served:
            self.served[job.owner] = min(self.served.values(), default=0.0)
        self.jobs[job.number] = job

    def _next(self) -> Job | None:
        """Of the jobs with something to do, one of the owner who was served least, the one that waits longest."""
        ready = (job for job in self.jobs.values() if job.ready)
        return min(ready, key=lambda job: (self.served[job.owner], job.turn_at), default=None)

    def turn(self, wait: float = BEAT_SECONDS) -> bool:
        """Give one job its turn, waiting for one at most `wait` seconds; whether there was one."""
        if time.monotonic() - self.beat_at > BEAT_SECONDS:
            self.beat_at = time.monotonic()
            self.send("beat")
        with self.changed:
            self.changed.wait_for(lambda: self._next() is not None, wait)
            job = self._next()
        if job is None:
            return False
        if job.number != self.last:
            self.last = job.number
            self.send("turn", job.number)
        start, used = time.monotonic(), time.process_time()
        try:
            over = self._advance(job, start + SLICE_SECONDS)
        except BrokenPipeError:
            raise
        except Exception as error:
            over = True
            self.send("error", job.number, sentence(error))
        job.used += time.process_time() - used
        job.turn_at = time.monotonic()
        with self.changed:
            self.served[job.owner] += job.turn_at - start
            if over:
                del self.jobs[job.number]
                if all(other.owner != job.owner for other in self.jobs.values()):
                    del self.served[job.owner]
        if over:
            del job
            release()
        return True

    def _advance(self, job: Job, end: float) -> bool:
        """Compute until `end`; whether the job is over."""
        if job.work is None and not job.stopped:
            job.work = begin(job.config, job.seed, job.snapshot, self.entry)
            job.snapshot = None
            job.recorder = next(job.work)
            self._tell(job)
            job.sent_at = 0.0  # the first step goes out at once: somebody waits for it
        while not job.stopped and time.monotonic() < end:
            while job.between and job.edits:
                job.work.edit(job.edits.pop(0))
                self._tell(job)
            if job.steps >= job.until and not job.edits:
                return False
            before = job.steps
            if next(job.work, None) is None:
                self._tell(job)
                self.send("done", job.number)
                return True
            job.between = job.steps > before or not hasattr(job.work, "steps")
            if job.between:
                self._stepped(job)
        return job.stopped

    def _stepped(self, job: Job) -> None:
        """After a step: events go out in batches, and at once where nobody may go further."""
        if job.steps >= job.until or time.monotonic() - job.sent_at > BATCH_SECONDS:
            self._tell(job)
        self.budget.check_seconds(job.used)
        if time.monotonic() - job.kept_at > SNAPSHOT_SECONDS and hasattr(job.work, "snapshot"):
            self._tell(job)
            self.send("snapshot", job.number, job.work.snapshot())
            job.kept_at = time.monotonic()

    def _tell(self, job: Job) -> None:
        meta = job.recorder.meta
        if meta is not job.told:
            job.told = meta
            self.send("meta", job.number, dict(meta))
        if new := job.recorder.take():
            self.send("new", job.number, new)
        job.sent_at = time.monotonic()


def begin(config: Any, seed: int, snapshot: bytes | None, entry: str) -> Any:
    """The work that a config describes."""
    module, name = getattr(config, "entry", entry).split(":")
    return getattr(importlib.import_module(module), name)(config, seed, snapshot=snapshot)


def sentence(error: Exception) -> str:
    """What a person is told of an error, a Phrase where it can be; the log has the rest."""
    if isinstance(error, ConfigError):
        return error.args[0]
    if isinstance(error, MemoryError) or "allocate memory" in str(error):
        return phrase(
            "the memory that a run may use is full; choose a smaller width, fewer layers or shorter sequences."
        )
    traceback.print_exc()
    return phrase("training stopped ({kind}: {error})", kind=type(error).__name__, error=str(error))


def release() -> None:
    """Give the memory of ended jobs back to the system."""
    gc.collect()
    with contextlib.suppress(OSError, AttributeError):
        ctypes.CDLL(None).malloc_trim(0)
