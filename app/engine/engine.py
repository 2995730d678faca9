"""Takes runs, shares equal ones, hands them to workers, and starts workers again that died or hang."""

import atexit
import itertools
import logging
import os
import threading
import time
from collections.abc import Callable
from dataclasses import replace
from typing import Any
from weakref import WeakValueDictionary

from nested_core.config import Edit, Level, RunConfig, check
from nested_core.phrase import phrase
from nested_core.trace import CHANNELS

from .budget import Budget
from .cache import Cache
from .handle import Computation, Handle
from .jobs import RUN
from .process import Process

log = logging.getLogger(__name__)

SEATS = 20  # owners that train at once, for each worker; the next ones wait, and see their place
HANG_SECONDS = 60.0  # without a sign of a worker that has something to do
START_SECONDS = 180.0  # for its imports, on a busy machine
WATCH_SECONDS = 0.5
STRIKES = 2  # workers that a run may lose before it counts as the cause
LOST = phrase("its training process ended unexpectedly; press Reset, then Run, to start again.")


class Slot:
    """The place of one worker: the worker of now, and the runs that are with it."""

    def __init__(self) -> None:
        self.worker: Any = None
        self.count = 0  # of the workers so far
        self.ready, self.turn, self.heard = False, 0, 0.0
        self.runs: dict[int, Computation] = {}

    @property
    def load(self) -> tuple[int, int]:
        return sum(run.wants for run in self.runs.values()), len(self.runs)


class Engine:
    """`submit(config, seed) -> Handle`.

    workers  how many; 0: one a core
    make     makes a worker of (sink, entry, budget): see process.Process
    cache    finished runs; None: every run is computed for itself
    seats    owners that train at once
    """

    def __init__(
        self,
        workers: int = 0,
        entry: str = RUN,
        make: Callable[..., Any] = Process,
        budget: Budget | None = None,
        cache: Cache | None = None,
        seats: int = 0,
    ):
        self.entry, self.make, self.budget, self.cache = entry, make, budget or Budget(), cache
        self.slots = [Slot() for _ in range(workers or os.cpu_count() or 1)]
        self.seats = seats or SEATS * len(self.slots)
        self.lock = threading.RLock()
        self.restarts = 0
        self.queue: list[str] = []  # owners that want to train, in the order in which they came
        self.runs: dict[int, Computation] = {}  # not over yet
        self._live: WeakValueDictionary[str, Computation] = WeakValueDictionary()  # by key: held by somebody, shared
        self._numbers = itertools.count(1)
        self._closed = threading.Event()
        self._watcher: threading.Thread | None = None
        atexit.register(self.close)

    # workers

    def warm(self) -> None:
        """Start the workers that are missing; returns at once."""
        with self.lock:
            for slot in self.slots:
                if slot.worker is None and not self._closed.is_set():
                    self._start(slot)
            if self._watcher is None:
                self._watcher = threading.Thread(target=self._watch, daemon=True)
                self._watcher.start()

    @property
    def warmed(self) -> bool:
        """Whether the workers have done their imports; a run can be submitted before, only it begins later."""
        return all(slot.ready for slot in self.slots)

    def _start(self, slot: Slot) -> None:
        slot.ready, slot.turn, slot.heard = False, 0, time.monotonic()
        slot.count += 1
        count = slot.count
        slot.worker = self.make(lambda message: self._hear(slot, count, message), self.entry, self.budget)

    def _hear(self, slot: Slot, count: int, message: tuple[Any, ...] | None) -> None:
        with self.lock:
            if slot.count != count or self._closed.is_set():  # an earlier worker in this place
                return
            if message is None:
                self._lost(slot)
                return
            slot.heard = time.monotonic()
            kind, *rest = message
            if kind == "ready":
                slot.ready = True
            elif kind == "turn":
                slot.turn = rest[0]
            elif rest and (run := slot.runs.get(rest[0])):
                run.hear(kind, *rest[1:], *[None] * (2 - len(rest)))
                if kind in ("done", "error"):
                    self._over(run)
                for handle in run.watchers:
                    handle.on_change()

    def _lost(self, slot: Slot) -> None:
        """The worker has ended: another one takes its runs up where they stood last."""
        self.restarts += 1
        slot.worker.kill()  # gives its pipes back
        log.warning("worker lost, run %d had its turn, %d runs are taken up", slot.turn, len(slot.runs))
        runs, slot.runs = list(slot.runs.values()), {}
        for run in runs:
            if run.number == slot.turn or not slot.ready:
                run.strikes += 1
        self._start(slot)
        for run in runs:
            if run.strikes >= STRIKES:
                run.hear("error", LOST)
                self._over(run)
            else:
                self._assign(run, [other for other in self.slots if other.ready] or [slot])
            for handle in run.watchers:
                handle.on_change()

    def _watch(self) -> None:
        while not self._closed.wait(WATCH_SECONDS):
            with self.lock:
                for slot in self.slots:
                    silent = time.monotonic() - slot.heard
                    if slot.load[0] and silent > (HANG_SECONDS if slot.ready else START_SECONDS):
                        log.warning("worker silent for %.0f s: started again", silent)
                        self._lost(slot)

    # runs

    def submit(self, config: Any, seed: int, owner: str = "", on_change: Callable[[], None] | None = None) -> Handle:
        """A hold on this run, which does nothing before `let`. `owner`: those who share the processors fairly.

        Raises ConfigError where the budget of a run, or of an owner, does not reach.
        """
        self.budget.check(config)
        with self.lock:
            held = sum(run.owner == owner for run in self.runs.values())
            fix = phrase("one tab may train {most} at a time; stop one", most=self.budget.runs)
            check(held < self.budget.runs, "runs", held + 1, fix)
            self.warm()
            key = self.cache.key(config, seed, self.entry) if self.cache and isinstance(config, RunConfig) else None
            run = self._live.get(key) if key else None
            found = run is not None
            if run is None:
                run = Computation(next(self._numbers), "", config, seed, key)
                run.owner = owner or f"run {run.number}"
                if key and (trace := self.cache.get(key)):
                    run.recorder.meta = dict(trace.meta)
                    run.recorder.extend({name: trace[name] for name in CHANNELS})
                    run.begun, run.done, run.steps, found = True, True, trace.steps, True
                else:
                    self.runs[run.number] = run
                if key:
                    self._live[key] = run
            handle = Handle(self, run, on_change, found)
            run.watchers.append(handle)
            return handle

    def branch(self, run: Computation, config: RunConfig, steps: int) -> Computation:
        """A computation of `config`, which differs from that of `run` after `steps` only: it begins at the last
        snapshot before, or at the start."""
        new = Computation(next(self._numbers), run.owner, config, run.seed)
        if run.snapshot and run.kept.get("task", 0) <= steps:
            trace = run.recorder.freeze()
            new.snapshot, new.kept = run.snapshot, run.kept
            new.recorder.meta = dict(run.recorder.meta)
            new.recorder.extend({name: trace[name][:count] for name, count in run.kept.items()})
            new.steps = run.kept["task"]
        self.runs[new.number] = new
        return new

    def edit(self, run: Computation, levels: tuple[Level, ...]) -> None:
        self._unshare(run)
        run.edits.append(levels)
        if run.slot:
            run.slot.worker.send("edit", run.number, levels)

    def weigh(self, run: Computation) -> None:
        """See how far a run may go now, and tell its worker; owners that want nothing leave the queue."""
        if run.done or run.error:
            return
        run.until = max((handle.until for handle in run.watchers), default=0)
        if run.until > run.steps and run.owner not in self.queue:
            self.queue.append(run.owner)
        elif run.until <= run.steps:
            self._dequeue(run.owner)
        self._order(run)

    def _order(self, run: Computation) -> None:
        if self.place(run.owner):
            return
        if run.slot is None and run.wants:
            self._assign(run)
        elif run.slot:
            run.slot.worker.send("until", run.number, run.until)

    @property
    def training(self) -> int:
        """Owners that train now."""
        return min(len(self.queue), self.seats)

    @property
    def waiting(self) -> int:
        """Owners that wait for a seat."""
        return max(0, len(self.queue) - self.seats)

    def place(self, owner: str) -> int:
        """How many owners go first: 0 means go."""
        return max(0, self.queue.index(owner) - self.seats + 1) if owner in self.queue else 0

    def leave(self, handle: Handle) -> None:
        run = handle._computation
        run.watchers.remove(handle)
        if run.watchers:
            self.weigh(run)
            return
        if run.slot and not (run.done or run.error):
            run.slot.worker.send("stop", run.number)
        self._over(run)

    def _assign(self, run: Computation, slots: list[Slot] | None = None) -> None:
        run.slot = min(slots or self.slots, key=lambda slot: (slot.load, not slot.ready))
        run.slot.runs[run.number] = run
        run.at = dict(run.kept)
        if run.edits:  # ordered, but no worker has told that it did so: they hold from the next step on
            kept = tuple(edit for edit in run.config.edits if edit.step < run.steps)
            run.config = replace(run.config, edits=(*kept, Edit(run.steps, run.edits[-1])))
            run.edits = []
        run.slot.worker.send("run", run.number, run.owner, run.config, run.seed, run.snapshot)
        run.slot.worker.send("until", run.number, run.until)

    def _over(self, run: Computation) -> None:
        """It is done, has failed, or nobody wants it."""
        first = self.runs.pop(run.number, None)
        if run.slot:
            run.slot.runs.pop(run.number, None)
            run.slot = None
        if not run.done:
            self._unshare(run)
        elif run.key and first:
            self.cache.put(run.key, run.recorder.freeze())
        self._dequeue(run.owner)

    def _unshare(self, run: Computation) -> None:
        if run.key and self._live.get(run.key) is run:
            del self._live[run.key]
        run.key = None

    def _dequeue(self, owner: str) -> None:
        """Out of the queue, if it wants nothing more; whoever waited behind may now go."""
        if owner not in self.queue or any(run.wants for run in self.runs.values() if run.owner == owner):
            return
        self.queue.remove(owner)
        for run in list(self.runs.values()):
            if run.wants and run.slot is None:
                self._order(run)

    def close(self) -> None:
        """End every worker. What was recorded stays."""
        with self.lock:
            self._closed.set()
            workers = [slot.worker for slot in self.slots if slot.worker]
            for slot in self.slots:
                slot.worker, slot.ready, slot.runs = None, False, {}
        for worker in workers:
            worker.kill()
        if self.cache:
            self.cache.flush()
        atexit.unregister(self.close)
