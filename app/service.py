"""One worker process that learns, keeps what it learned, and answers questions of everybody on this server.

It starts with the first job and ends after a quarter of an hour without one; what it learned goes with it. Whoever
sends a job is told what comes back: ("meta", content), ("new", content), ("done",), ("error", sentence), and ("lost",)
where the process ended before. Nothing here imports torch, and no call waits.
"""

import itertools
import threading
from collections.abc import Callable
from typing import Any

from .engine.process import Process

IDLE_SECONDS = 900.0
FOREVER = 10**9  # steps a job may run


class Service:
    """Jobs for one entry ("module:function"); `on_end` is called when the process, and all it held, is gone.

    `changed` guards whatever its owner keeps: callbacks run with it held, and it is notified after each.
    """

    def __init__(self, entry: str, on_end: Callable[[], None]):
        self.entry, self.on_end = entry, on_end
        self.changed = threading.Condition(threading.RLock())
        self.worker: Process | None = None
        self._jobs = itertools.count(1)
        self._waiting: dict[int, Callable[..., None]] = {}
        self._idle: threading.Timer | None = None

    def send(self, config: Any, seed: int, receive: Callable[..., None]) -> None:
        """Give the worker a job; `receive` hears of it."""
        with self.changed:
            self.touch()
            if self.worker and not self.worker.alive():
                self.worker.kill()  # gives its pipes back
                self.worker = None
            if self.worker is None:
                self.worker = Process(self._receive, self.entry)
            job = next(self._jobs)
            self._waiting[job] = receive
            self.worker.send("run", job, "", config, seed, None)
            self.worker.send("until", job, FOREVER)

    def touch(self) -> None:
        """Somebody is there: stay."""
        if self._idle:
            self._idle.cancel()
        self._idle = threading.Timer(IDLE_SECONDS, self.close)
        self._idle.daemon = True
        self._idle.start()

    def close(self) -> None:
        """End the process."""
        with self.changed:
            worker, self.worker = self.worker, None
            if self._idle:
                self._idle.cancel()
            self._end()
        if worker:
            worker.kill()

    def _end(self) -> None:
        waiting, self._waiting = self._waiting, {}
        for receive in waiting.values():
            receive("lost")
        self.on_end()
        self.changed.notify_all()

    def _receive(self, message: Any) -> None:
        with self.changed:
            if message is None:
                self._end()
            elif message[0] in ("meta", "new", "done", "error") and message[1] in self._waiting:
                kind, job, *content = message
                self._waiting[job](kind, *content)
                if kind in ("done", "error"):
                    del self._waiting[job]
                self.changed.notify_all()
