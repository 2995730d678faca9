"""One run in computation, whoever watches; and one watcher's hold on it."""

from collections.abc import Callable
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from nested_core.config import Edit, Level, RunConfig, from_dict
from nested_core.trace import CHANNELS, Recorder, Trace

if TYPE_CHECKING:
    from .engine import Engine


class Log:
    """What a job that is no run has told: lists by name, in the place of a Recorder."""

    def __init__(self) -> None:
        self.meta: dict[str, Any] = {}
        self.lists: dict[str, list[Any]] = {}

    def count(self, name: str) -> int:
        return len(self.lists.get(name, ()))

    def extend(self, entries: dict[str, Any]) -> None:
        for name, rows in entries.items():
            self.lists.setdefault(name, []).extend(rows)


class Computation:
    """One job of the engine: what it has told so far, and where it can be taken up again.

    key       under which equal ones are shared; None where it is nobody else's any more
    snapshot  of the learner, and `kept`, the entries of every channel up to there
    strikes   workers that it has lost
    """

    def __init__(self, number: int, owner: str, config: Any, seed: int, key: str | None = None):
        self.number, self.owner, self.config, self.seed, self.key = number, owner, config, seed, key
        self.recorder: Recorder | Log = Recorder({}) if isinstance(config, RunConfig) else Log()
        self.begun, self.done, self.error = False, False, ""
        self.steps = self.until = self.strikes = 0
        self.edits: list[tuple[Level, ...]] = []  # ordered, and not heard of again
        self.watchers: list[Handle] = []
        self.snapshot: bytes | None = None
        self.kept: dict[str, int] = {}
        self.at: dict[str, int] = {}  # entries that the present worker has told, as counted from the run's start
        self.slot: Any = None

    @property
    def wants(self) -> bool:
        return not (self.done or self.error) and self.until > self.steps

    def hear(self, kind: str, content: Any) -> None:
        """Take an answer of the worker. A worker that took the run up from a snapshot tells some things again."""
        if kind == "meta":
            self.begun, self.recorder.meta = True, content
            if isinstance(self.config, RunConfig):
                before, self.config = self.config, from_dict(content["config"])
                del self.edits[: len(self.config.edits) - len(before.edits)]
        elif kind == "new":
            fresh = {}
            for name, rows in content.items():
                at = self.at.get(name, 0)
                fresh[name] = rows[max(0, self.recorder.count(name) - at) :]
                self.at[name] = at + len(rows)
            self.recorder.extend(fresh)
            self.steps += len(fresh.get("task", ()))
        elif kind == "snapshot":
            self.snapshot, self.kept = content, dict(self.at)
        elif kind == "done":
            self.done, self.snapshot = True, None
        elif kind == "error":
            self.error, self.snapshot = content, None


class Handle:
    """A hold on a run: how far it may go, what it has recorded, a change of levels, and the end of interest.

    `on_change` is called from another thread whenever there is news; it must not wait. `found`: the run was there
    already, computed for others or before.
    """

    def __init__(
        self, engine: "Engine", computation: Computation, on_change: Callable[[], None] | None, found: bool = False
    ):
        self._engine, self._computation, self.found = engine, computation, found
        self.on_change = on_change or (lambda: None)
        self.until, self.cancelled = 0, False
        self._read: dict[str, int] = {}

    @property
    def config(self) -> Any:
        """As it was submitted, with the edits made since."""
        return self._computation.config

    @property
    def seed(self) -> int:
        return self._computation.seed

    @property
    def begun(self) -> bool:
        return self._computation.begun

    @property
    def steps(self) -> int:
        """Steps recorded, of those this hold allows: an equal run that others watch may be further."""
        return min(self._computation.steps, self.until)

    @property
    def done(self) -> bool:
        return self._computation.done and self.until >= self._computation.steps

    @property
    def error(self) -> str:
        return self._computation.error

    @property
    def place(self) -> int:
        """How many owners go first; 0: it is computed now, or need not be."""
        return self._engine.place(self._computation.owner) if self.until > self._computation.steps else 0

    def trace(self, until: int | None = None) -> Trace:
        """Of a run: everything up to `until`, or as far as this hold allows."""
        with self._engine.lock:
            return self._computation.recorder.freeze(self.steps if until is None else until)

    def events(self) -> dict[str, Any]:
        """The entries of every channel since the last call."""
        with self._engine.lock:
            recorder = self._computation.recorder
            if isinstance(recorder, Log):
                rows: dict[str, Any] = recorder.lists
            else:
                trace = self.trace()
                rows = {name: trace[name] for name in CHANNELS}
            new = {name: found[self._read.get(name, 0) :] for name, found in rows.items()}
            self._read = {name: len(found) for name, found in rows.items()}
        return {name: found for name, found in new.items() if len(found)}

    @property
    def lists(self) -> dict[str, list[Any]]:
        """Of a job that is no run: everything it has told, by name."""
        return self._computation.recorder.lists

    def let(self, steps: int) -> None:
        """Allow the run to go on until so many steps are done; fewer than are done: let it stand."""
        with self._engine.lock:
            self.until = steps
            self._engine.weigh(self._computation)

    def edit(self, levels: tuple[Level, ...]) -> None:
        """Give the learner these levels from the next step on. A run that others watch too goes its own way then."""
        with self._engine.lock:
            mine = self._computation
            if mine.watchers == [self] and not mine.done:
                self._engine.edit(mine, levels)
                return
            kept = tuple(edit for edit in mine.config.edits if edit.step < self.steps)
            config = replace(mine.config, edits=(*kept, Edit(self.steps, levels)))
            self._engine.leave(self)
            self.found = False
            self._computation = self._engine.branch(mine, config, self.steps)
            self._computation.watchers.append(self)
            self._engine.weigh(self._computation)

    def cancel(self) -> None:
        """No more interest: a run that nobody holds ends. What was recorded can still be read."""
        with self._engine.lock:
            if not self.cancelled:
                self.cancelled = True
                self._engine.leave(self)
