"""A worker in a process of its own: `python -m app.engine.process ENTRY SECONDS MEGABYTES` reads commands on stdin and
answers on stdout, both as pickles between a parent and its own child.

When the parent is gone, however it went, stdin ends, and so does this process. It is started by name instead of by
multiprocessing's spawn because that would run the Streamlit script again in every child.
"""

import contextlib
import os
import pickle
import subprocess
import sys
import threading
from collections.abc import Callable
from pathlib import Path
from typing import Any

from .budget import Budget
from .jobs import RUN, Jobs

NICE = 19  # pages and the browser come first where processors are few
ROOT = Path(__file__).resolve().parent.parent.parent
Sink = Callable[[tuple[Any, ...] | None], None]


class Process:
    """One worker, seen from here. `sink` gets its answers, and None once when it has ended."""

    def __init__(self, sink: Sink, entry: str = RUN, budget: Budget | None = None):
        budget = budget or Budget()
        environment = {**os.environ, "PYTHONPATH": os.pathsep.join([str(ROOT), os.environ.get("PYTHONPATH", "")])}
        self.sink: Sink | None = sink
        self._lock = threading.Lock()
        self._child = subprocess.Popen(
            [sys.executable, "-m", "app.engine.process", entry, str(budget.seconds), str(budget.megabytes)],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            env=environment,
        )
        self._reader = threading.Thread(target=self._read, daemon=True)
        self._reader.start()

    @property
    def pid(self) -> int:
        return self._child.pid

    def _read(self) -> None:
        with self._child.stdout as answers, contextlib.suppress(EOFError, OSError, pickle.UnpicklingError):
            while True:
                message = pickle.load(answers)
                if sink := self.sink:
                    sink(message)
        self._child.wait()
        if sink := self.sink:
            sink(None)

    def send(self, *command: Any) -> None:
        """Tell the process; silently nothing if it has ended, since `sink` hears of that."""
        with self._lock, contextlib.suppress(OSError, ValueError):
            pickle.dump(command, self._child.stdin)
            self._child.stdin.flush()

    def alive(self) -> bool:
        return self._child.poll() is None

    def kill(self) -> None:
        """End it now; `sink` hears nothing more."""
        self.sink = None
        self._child.kill()
        self._child.wait()
        with contextlib.suppress(OSError):
            self._child.stdin.close()
        if threading.current_thread() is not self._reader:
            self._reader.join(1)


def listen(source: Any, jobs: Jobs) -> None:
    """Take orders while the other thread computes, so that training never waits for input."""
    try:
        while True:
            jobs.order(*pickle.load(source))
    except (EOFError, OSError):
        os._exit(0)  # the parent is gone: nobody is left to train for


def warm() -> None:
    """Open the default stream once, so that its data and torch's first call do not delay the first Run."""
    from nested_core import presets
    from nested_core.config import RunConfig
    from nested_core.run import Run

    stream = presets.stream("permuted_digits")
    next(Run(RunConfig(stream, presets.single_loop(stream)), 0))


def main(entry: str, seconds: str, megabytes: str) -> None:
    out = os.fdopen(os.dup(sys.stdout.fileno()), "wb")
    os.dup2(sys.stderr.fileno(), sys.stdout.fileno())  # a stray print must not damage the answers

    def send(*message: Any) -> None:
        pickle.dump(message, out, protocol=pickle.HIGHEST_PROTOCOL)
        out.flush()

    if hasattr(os, "nice"):
        os.nice(NICE)
    budget = Budget(seconds=float(seconds), megabytes=int(megabytes))
    jobs = Jobs(send, entry, budget)
    threading.Thread(target=listen, args=(os.fdopen(os.dup(sys.stdin.fileno()), "rb"), jobs), daemon=True).start()
    if entry == RUN:
        warm()
    budget.limit_memory()
    send("ready")
    with contextlib.suppress(BrokenPipeError):
        while True:
            jobs.turn()


if __name__ == "__main__":
    main(*sys.argv[1:])
