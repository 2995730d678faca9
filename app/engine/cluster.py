"""A worker on another machine: an actor of a Ray cluster (`pip install '.[cluster]'`, ENGINE=ray, RAY_ADDRESS=...).

Unset, RAY_ADDRESS starts a cluster on this machine. The code travels with the cluster's jobs, so other machines need
what pyproject.toml names, but no copy of this folder.
"""

import contextlib
import os
import queue
import threading
from typing import Any

from nested_core.config import ConfigError
from nested_core.phrase import phrase

from .budget import Budget
from .jobs import RUN, Jobs
from .process import ROOT, Sink, warm

POLL_SECONDS = 0.5  # that one question for news stays open
LEFT_OUT = [".git", ".venv*", "**/__pycache__", "demos/traces", "screenshots"]


def connect() -> Any:
    """Ray, connected once. Raises ConfigError where it is not installed or the cluster does not answer."""
    try:
        import ray
    except ImportError:
        raise ConfigError(
            phrase("ENGINE: ray cannot be used, it is not installed; pip install '.[cluster]'.")
        ) from None
    if not ray.is_initialized():
        os.environ.setdefault("RAY_USAGE_STATS_ENABLED", "0")
        files = {"working_dir": str(ROOT), "excludes": LEFT_OUT}
        try:
            ray.init(os.environ.get("RAY_ADDRESS"), runtime_env=files, include_dashboard=None, log_to_driver=False)
        except (ConnectionError, RuntimeError) as error:
            raise ConfigError(
                phrase(
                    "RAY_ADDRESS: {address!r} does not answer ({error}); give the address of a head.",
                    address=os.environ.get("RAY_ADDRESS"),
                    error=str(error),
                )
            ) from None
    return ray


def processors() -> int:
    """Processors of the whole cluster."""
    return max(1, int(connect().cluster_resources().get("CPU", 1)))


class Host:
    """The actor: takes orders and computes in a thread of its own; `answers` brings news."""

    def __init__(self, entry: str, budget: Budget):
        self._news: queue.SimpleQueue[tuple[Any, ...]] = queue.SimpleQueue()
        self._jobs = Jobs(lambda *message: self._news.put(message), entry, budget)
        if entry == RUN:
            warm()
        budget.limit_memory()
        self._news.put(("ready",))
        threading.Thread(target=self._compute, daemon=True).start()

    def _compute(self) -> None:
        while True:
            self._jobs.turn()

    def order(self, *command: Any) -> None:
        self._jobs.order(*command)

    def answers(self) -> list[tuple[Any, ...]]:
        found = []
        with contextlib.suppress(queue.Empty):
            found.append(self._news.get(timeout=POLL_SECONDS))
            while True:
                found.append(self._news.get_nowait())
        return found


class Remote:
    """The same as `process.Process`, for an actor of the cluster."""

    pid = 0

    def __init__(self, sink: Sink, entry: str = RUN, budget: Budget | None = None):
        self.sink: Sink | None = sink
        self._ray = connect()
        groups = {"orders": 1, "news": 1}  # one thread each: orders keep their order, and never wait for news
        kind = self._ray.remote(num_cpus=1, concurrency_groups=groups)(Host)
        self._actor = kind.remote(entry, budget or Budget())
        self._ended = False
        threading.Thread(target=self._read, daemon=True).start()

    def _read(self) -> None:
        try:
            while self.sink:
                for message in self._ray.get(self._actor.answers.options(concurrency_group="news").remote()):
                    if sink := self.sink:
                        sink(message)
        except self._ray.exceptions.RayError:
            self._ended = True
            if sink := self.sink:
                sink(None)

    def send(self, *command: Any) -> None:
        self._actor.order.options(concurrency_group="orders").remote(*command)  # `_read` notices an actor that is gone

    def alive(self) -> bool:
        return not self._ended and self.sink is not None

    def kill(self) -> None:
        self.sink = None
        with contextlib.suppress(self._ray.exceptions.RayError):
            self._ray.kill(self._actor)
