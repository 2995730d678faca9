"""Worker processes: started in advance, hired by comparisons, given back; and the queue of who may train now."""

import atexit
import contextlib
import os
import pickle
import subprocess
import sys
import threading
from pathlib import Path

ENTRY = "nested_core.run:run"
SPARES = 3  # idle workers kept with torch already imported: one for each learner of the largest comparison
ROOT = Path(__file__).resolve().parent.parent


class Worker:
    """One training process, seen from here. `sink` gets its answers, and None once when the process has ended."""

    def __init__(self, entry: str):
        environment = {**os.environ, "PYTHONPATH": os.pathsep.join([str(ROOT), os.environ.get("PYTHONPATH", "")])}
        self.process = subprocess.Popen(
            [sys.executable, "-m", "app.worker", entry],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            env=environment,
        )
        self.sink = None
        self.ready = False
        self._lock = threading.Lock()
        self.reader = threading.Thread(target=self._read, daemon=True)
        self.reader.start()

    def _read(self):
        with self.process.stdout as answers, contextlib.suppress(EOFError, OSError, pickle.UnpicklingError):
            while True:
                message = pickle.load(answers)
                if message[0] == "ready":
                    self.ready = True
                elif self.sink:
                    self.sink(message)
        self.process.wait()
        if self.sink:
            self.sink(None)

    def send(self, *command) -> None:
        """Tell the process; silently nothing if it has ended, since `sink` hears of that."""
        if command[0] == "run":
            self.ready = False  # until it says that the job is over
        with self._lock, contextlib.suppress(OSError, ValueError):
            pickle.dump(command, self.process.stdin)
            self.process.stdin.flush()

    def alive(self) -> bool:
        return self.process.poll() is None

    def kill(self) -> None:
        self.sink = None
        self.process.kill()
        self.process.wait()
        with contextlib.suppress(OSError):
            self.process.stdin.close()
        if threading.current_thread() is not self.reader:
            self.reader.join(1)


class Pool:
    """Workers for everybody on this server, some warm in advance, and seats: who may train now, who waits."""

    def __init__(self, entry: str = ENTRY, spares: int = SPARES, seats: int | None = None):
        self.entry, self.size = entry, spares
        self.seats = seats or max(1, (os.cpu_count() or 1) // 2)
        self._spares: list[Worker] = []
        self._queue: list = []
        self._lock = threading.Lock()
        atexit.register(self.close)

    def warm(self) -> None:
        """Start the missing spare workers; returns at once."""
        with self._lock:
            self._spares = [w for w in self._spares if w.alive()]
            self._spares += [Worker(self.entry) for _ in range(self.size - len(self._spares))]

    @property
    def warmed(self) -> bool:
        """Whether the spare workers have imported torch; a run can begin before, only later."""
        with self._lock:
            return all(worker.ready for worker in self._spares)

    def hire(self) -> Worker:
        """A worker, the readiest first."""
        with self._lock:
            self._spares = sorted((w for w in self._spares if w.alive()), key=lambda w: not w.ready)
            return self._spares.pop(0) if self._spares else Worker(self.entry)

    def give_back(self, worker: Worker) -> None:
        """Take a worker whose job has ended or was told to stop; surplus ones end."""
        worker.sink = None
        with self._lock:
            if worker.alive() and len(self._spares) < self.size:
                self._spares.append(worker)
                return
        worker.kill()

    def ask(self, comparison) -> int:
        """How many comparisons train or wait before this one may: 0 means go."""
        with self._lock:
            if comparison not in self._queue:
                self._queue.append(comparison)
            return max(0, self._queue.index(comparison) - self.seats + 1)

    def leave(self, comparison) -> None:
        with self._lock:
            if comparison in self._queue:
                self._queue.remove(comparison)

    def close(self) -> None:
        """End every idle worker; those at work end with their comparison."""
        with self._lock:
            spares, self._spares, self.size = self._spares, [], 0
        for worker in spares:
            worker.kill()
