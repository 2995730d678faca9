"""Training outside the Streamlit process: a Comparison drives several learners in step, each a run of the engine.

A page never waits here: every call returns at once. One thread tells the runs of all comparisons how far they may go.
The page's cursor is the smallest number of steps that every learner has done, so that all are shown at the same step;
a faster learner waits a little ahead of it.
"""

import itertools
import logging
import threading
import time
from collections.abc import Callable
from dataclasses import replace

from nested_core.config import ConfigError, Edit, Level, RunConfig
from nested_core.phrase import phrase
from nested_core.trace import Trace

from .engine.engine import Engine
from .engine.handle import Handle
from .theme import ARM_NAMES

log = logging.getLogger(__name__)

PACE_SECONDS, PACE_COST = 0.05, 0.001  # between two looks at every comparison; and longer by so much for each of them
SUSPEND_SECONDS = 10  # without a reader: training waits
ABANDON_SECONDS = 90  # without a reader: the runs are given up (a hidden tab still asks once a minute)
FOUND_SECONDS = 4.0  # that runs take which were computed before: long enough to be watched


class Arm:
    """One learner of a comparison: its config, and from its start on its run."""

    def __init__(self, config: RunConfig):
        self._config = config
        self.handle: Handle | None = None

    @property
    def config(self) -> RunConfig:
        return self.handle.config if self.handle else self._config

    @config.setter
    def config(self, config: RunConfig) -> None:
        self._config = config

    @property
    def steps(self) -> int:
        return self.handle.steps if self.handle else 0

    @property
    def begun(self) -> bool:
        return self.handle is not None and self.handle.begun


class Pacer:
    """Looks at every comparison many times a second, in one thread: with a thread each, a hundred of them would fight
    for the interpreter. One that was asked for something is looked at once more, at once."""

    def __init__(self) -> None:
        self._shows: set[Comparison] = set()  # until they are closed, at the latest by themselves when nobody looks
        self._asked: list[Comparison] = []
        self._lock, self._wake = threading.Lock(), threading.Event()
        self._thread: threading.Thread | None = None

    def add(self, show: "Comparison") -> None:
        with self._lock:
            self._shows.add(show)
            if self._thread is None:
                self._thread = threading.Thread(target=self._drive, daemon=True)
                self._thread.start()

    def wake(self, show: "Comparison") -> None:
        with self._lock:
            self._asked.append(show)
        self._wake.set()

    def _drive(self) -> None:
        due = 0.0
        while True:
            self._wake.wait(max(0.0, due - time.monotonic()))
            self._wake.clear()
            with self._lock:
                shows, self._asked = self._asked, []
                if time.monotonic() >= due:
                    self._shows = {show for show in self._shows if not show.closed}
                    shows = list(self._shows)
                    due = time.monotonic() + PACE_SECONDS + PACE_COST * len(shows)
            self._look(shows)
            shows.clear()

    def _look(self, shows: list["Comparison"]) -> None:
        for show in shows:
            try:
                show.look()
            except Exception:  # of one comparison: the others go on
                log.exception("a comparison could not be driven")


PACER = Pacer()


class Comparison:
    """Several learners on one stream and seed.

    shown   traces of these very runs from before, in view until the learners have come as far again: they do so when
            training goes on, and since a config and a seed always give the same run, nothing on the page changes
    status  paused, waiting, starting, catching up, running, finished, failed or stopped
    """

    _owners = itertools.count(1)

    def __init__(self, engine: Engine, configs, seed: int, shown: list[Trace] | None = None, owner: str = ""):
        self.engine, self.seed, self.shown = engine, seed, shown or []
        self.owner = owner or f"comparison {next(self._owners)}"
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
        self._rests = True
        self._since = (0.0, 0)  # when playing began, and at which step
        self._cache = (None, [])
        self._lock = threading.RLock()
        PACER.add(self)

    # what a page asks and orders

    @property
    def cursor(self) -> int:
        """The step that the page shows: done by every learner, and not past where it was paused."""
        low = max(self.start, self.done)
        return low if self.playing else min(low, self.hold)

    @property
    def source(self) -> str:
        """Where the runs come from, in words."""
        found = all(arm.handle and arm.handle.found for arm in self.arms)
        if found:
            return phrase("computed on this server before, or for others too: the same run")
        return phrase("computed just now")

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
            if not all(arm.begun for arm in self.arms):
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
        PACER.wake(self)

    def pause(self) -> None:
        with self._lock:
            self.hold = self.cursor
            self.playing = False
        PACER.wake(self)

    def step(self, following: Callable[[int], int]) -> None:
        """Let every learner go on to the step that follows the one where they stand."""
        with self._lock:
            self.touch()
            at = self.cursor if self.playing else self.hold  # a second click asks for a second step
            self.playing = False
            self.hold = min(following(at), self.total)
        PACER.wake(self)

    def edit(self, levels: tuple[Level, ...]) -> None:
        """Give the first learner these levels from its next step on; its config tells of it once that is done."""
        with self._lock:
            arm, self.levels = self.arms[0], levels
            if arm.handle:
                arm.handle.edit(levels)
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
            if not all(arm.begun for arm in self.arms) or self.done < self.start:
                return self.shown
            if self._cache[0] != (at, self.error):
                self._cache = ((at, self.error), [arm.handle.trace(at) for arm in self.arms])
            return self._cache[1]

    def close(self) -> None:
        """Give the runs up. What was recorded stays."""
        with self._lock:
            self.closed = True
            self.pause()
            self._release()
        PACER.wake(self)

    # what happens behind

    def _release(self) -> None:
        for arm in self.arms:
            if arm.handle:
                arm.handle.cancel()

    def look(self) -> None:
        """Called by the pacer, again and again."""
        with self._lock:
            if not self.closed:
                self._pace(time.monotonic())

    def _pace(self, now: float) -> None:
        """Say how far every learner may go now."""
        failed = next((arm for arm in self.arms if arm.handle and arm.handle.error), None)
        if failed and not self.error:
            self._fail(failed, failed.handle.error)
        started = any(arm.handle for arm in self.arms)
        if self.error:
            return
        if started and now - self._seen > ABANDON_SECONDS:
            self.error = phrase(
                "nobody watched this run for a while, so it was stopped; press Reset, then Run, to start it again."
            )
            self.close()
            return
        rests = not self.busy or now - self._seen > SUSPEND_SECONDS
        if rests:
            limit = self.cursor
        else:
            if not started and not self._submit():
                return
            limit = self._limit(now) if self.playing else self.hold
        for arm in self.arms:
            if arm.handle and (limit != arm.handle.until or rests != self._rests):  # who rests gives its seat away
                arm.handle.let(limit)
        self._rests = rests
        self.ahead = max((arm.handle.place for arm in self.arms if arm.handle), default=0)

    def _limit(self, now: float) -> int:
        began, at = self._since
        low, elapsed = self.cursor, max(now - began, 1e-3)
        # A lead of half a second: enough that nobody waits for messages, too little to run away from a slow learner.
        limit = low + 10 + int(0.5 * (low - at) / elapsed)
        rates = [self.rate] * bool(self.rate) + [self.total / FOUND_SECONDS] * any(
            arm.handle.found for arm in self.arms
        )
        return min(limit, *(at + int(rate * elapsed) for rate in rates)) if rates else limit

    def _submit(self) -> bool:
        try:
            for arm in self.arms:
                arm.handle = self.engine.submit(arm.config, self.seed, self.owner)
        except ConfigError as error:
            self._fail(arm, error.args[0])
        return not self.error

    def _fail(self, arm: Arm, sentence: str) -> None:
        at, name = self.cursor, arm.config.learner.name
        self.error = phrase("{name}: {sentence}", name=ARM_NAMES.get(name, name), sentence=sentence)
        self.playing, self.hold = False, at
        self._release()
