"""Training outside the Streamlit process: a Comparison drives several learners in step, each in a worker of its own.

A page never waits here: every call returns at once. Threads of this module read what workers send and tell them how far
they may go. The page's cursor is the smallest number of steps that every learner has done, so that all are shown at the
same step; a faster learner waits a little ahead of it.
"""

import itertools
import threading
import time
from collections.abc import Callable
from dataclasses import replace

from nested_core.config import Edit, Level, RunConfig, from_dict
from nested_core.trace import Recorder, Trace

from .pool import Pool

PACE_SECONDS = 0.05
SUSPEND_SECONDS = 10  # without a reader: training waits
ABANDON_SECONDS = 90  # without a reader: the workers are given back (a hidden tab still asks once a minute)


class Arm:
    """One learner of a comparison: its config, its worker and what was recorded so far."""

    def __init__(self, config):
        self.config, self.worker, self.job = config, None, 0
        self.recorder: Recorder | None = None
        self.steps, self.done, self.until = 0, False, 0


class Comparison:
    """Several learners on one stream and seed.

    shown   traces of these very runs from before, in view until the learners have come as far again: they do so when
            training goes on, and since a config and a seed always give the same run, nothing on the page changes
    status  paused, waiting, starting, catching up, running, finished, failed or stopped
    """

    source = "computed just now"
    _jobs = itertools.count(1)

    def __init__(self, pool: Pool, configs, seed: int, shown: list[Trace] | None = None):
        self.pool, self.seed, self.shown = pool, seed, shown or []
        self.start = min((trace.steps for trace in self.shown), default=0)
        self.arms = [Arm(config) for config in configs]
        edits = configs[0].edits
        self.levels = edits[-1].levels if edits else configs[0].learner.levels  # of the first learner, at the end
        self.total = min(config.stream.steps for config in configs)
        self.rate = 0.0  # steps a second at most; 0: as fast as it goes
        self.error = ""
        self.ahead = 0  # comparisons that go first
        self.hold = self.start  # while not playing: the step to stand at
        self.playing = self.closed = False
        self._seen = time.monotonic()
        self._since = (0.0, 0)  # when playing began, and at which step
        self._cache = (None, [])
        self._lock = threading.RLock()
        self._wake = threading.Event()
        threading.Thread(target=self._drive, daemon=True).start()

    # what a page asks and orders

    @property
    def cursor(self) -> int:
        """The step that the page shows: done by every learner, and not past where it was paused."""
        low = max(self.start, self.done)
        return low if self.playing else min(low, self.hold)

    @property
    def done(self) -> int:
        """Steps that every learner has done here."""
        return min(arm.steps for arm in self.arms)

    @property
    def edited(self) -> int:
        """The step of the last change of levels; 0 where there was none."""
        return max((edit.step for arm in self.arms for edit in arm.config.edits), default=0)

    @property
    def configs(self) -> tuple[RunConfig, ...]:
        return tuple(arm.config for arm in self.arms)

    @property
    def status(self) -> str:
        if self.error:
            return "stopped" if self.closed else "failed"
        if self.cursor >= self.total:
            return "finished"
        if self.playing or self.cursor < self.hold:
            if self.ahead:
                return "waiting"
            if not all(arm.recorder for arm in self.arms):
                return "starting"
            return "running" if self.done >= self.start else "catching up"
        return "paused"

    @property
    def busy(self) -> bool:
        """Whether the picture is about to change."""
        return self.status in ("waiting", "starting", "catching up", "running")

    def touch(self) -> None:
        """Say that somebody is looking."""
        self._seen = time.monotonic()

    def play(self) -> None:
        with self._lock:
            self.touch()
            self._since = (time.monotonic(), self.cursor)
            self.playing = True
        self._wake.set()

    def pause(self) -> None:
        with self._lock:
            self.hold = self.cursor
            self.playing = False
        self._wake.set()

    def step(self, following: Callable[[int], int]) -> None:
        """Let every learner go on to the step that follows the one where they stand."""
        with self._lock:
            self.touch()
            at = self.cursor if self.playing else self.hold  # a second click asks for a second step
            self.playing = False
            self.hold = min(following(at), self.total)
        self._wake.set()

    def edit(self, levels: tuple[Level, ...]) -> None:
        """Give the first learner these levels from its next step on; its config tells of it once that is done."""
        with self._lock:
            arm, self.levels = self.arms[0], levels
            if arm.worker:
                arm.worker.send("edit", arm.job, levels)
            else:  # nothing trains yet: the run will be told from the start
                arm.config = replace(arm.config, edits=(*arm.config.edits, Edit(self.cursor, levels)))

    def set_rate(self, rate: float) -> None:
        """Steps a second at most; 0 for no limit."""
        with self._lock:
            if rate != self.rate:
                self.rate, self._since = rate, (time.monotonic(), self.cursor)

    def view(self) -> list[Trace]:
        """The traces of all learners up to the cursor; empty until all have begun."""
        self.touch()
        with self._lock:
            at = self.cursor
            if not all(arm.recorder for arm in self.arms) or self.done < self.start:
                return self.shown
            if self._cache[0] != (at, self.error):
                self._cache = ((at, self.error), [arm.recorder.freeze().until(at) for arm in self.arms])
            return self._cache[1]

    def close(self) -> None:
        """Give the workers back. What was recorded stays."""
        with self._lock:
            self.closed = True
            self.pause()
            self._release()
        self._wake.set()

    # what happens behind

    def _release(self) -> None:
        for arm in self.arms:
            if arm.worker:
                arm.worker.send("stop", arm.job)
                self.pool.give_back(arm.worker)
                arm.worker = None
        self.pool.leave(self)

    def _drive(self) -> None:
        while not self.closed:
            self._wake.wait(PACE_SECONDS)
            self._wake.clear()
            with self._lock:
                if not self.closed:
                    self._pace(time.monotonic())

    def _pace(self, now: float) -> None:
        """Say how far every learner may go now."""
        if now - self._seen > ABANDON_SECONDS and any(arm.worker for arm in self.arms):
            self.error = (
                "nobody watched this run for a while, so it was stopped; press Reset, then Run, to start it again."
            )
            self.close()
            return
        if not self.busy:
            self.pool.leave(self)
            limit = self.cursor
        elif now - self._seen > SUSPEND_SECONDS:
            limit = self.cursor
        else:
            self.ahead = self.pool.ask(self)
            if self.ahead:
                return
            if not any(arm.worker or arm.done for arm in self.arms):
                self._hire()
            limit = self._limit(now) if self.playing else self.hold
        for arm in self.arms:
            if arm.worker and limit != arm.until:
                arm.until = limit
                arm.worker.send("until", arm.job, limit)

    def _limit(self, now: float) -> int:
        began, at = self._since
        low, elapsed = self.cursor, max(now - began, 1e-3)
        # A lead of half a second: enough that nobody waits for messages, too little to run away from a slow learner.
        limit = low + 10 + int(0.5 * (low - at) / elapsed)
        return min(limit, at + int(self.rate * elapsed)) if self.rate else limit

    def _hire(self) -> None:
        for arm in self.arms:
            arm.worker, arm.job, arm.until = self.pool.hire(), next(self._jobs), 0
            arm.worker.sink = lambda message, arm=arm: self._receive(arm, message)
            arm.worker.send("run", arm.job, arm.config, self.seed)

    def _receive(self, arm: Arm, message) -> None:
        with self._lock:
            if self.closed or self.error:
                return
            if message is None:
                self._fail(arm, "its training process ended unexpectedly; press Reset, then Run, to start again.")
            elif message[1] == arm.job:
                kind, content = message[0], message[2:]
                if kind == "meta":
                    arm.recorder = arm.recorder or Recorder({})
                    arm.recorder.meta = content[0]
                    arm.config = from_dict(content[0]["config"])
                elif kind == "new":
                    arm.recorder.extend(*content)
                    arm.steps += len(content[0].get("task", ()))
                elif kind == "done":
                    arm.done = True
                    self.pool.give_back(arm.worker)
                    arm.worker = None
                else:
                    self._fail(arm, *content)
        self._wake.set()

    def _fail(self, arm: Arm, sentence: str) -> None:
        at = self.cursor
        self.error = f"{arm.config.learner.name}: {sentence}"
        self.playing, self.hold = False, at
        self._release()
