"""The process that trains: `python -m app.worker nested_core.run:run`. It reads commands on stdin, answers on stdout.

Commands   ("run", job, config, seed)   ("until", job, steps)   ("edit", job, levels)   ("stop", job)
Answers    ("meta", job, meta) at the start and after an edit   ("new", job, entries)   ("done", job)
           ("error", job, sentence)
           ("ready",) after the start and after every job

Both are pickles between a parent and its own child. The loop never runs past `until`: raising it is Run, leaving it is
Pause, adding 1 is Step. When the parent is gone stdin ends, and so does this process. It is started by name instead of
by multiprocessing's spawn because that would run the Streamlit script again in every child.
"""

import importlib
import os
import pickle
import sys
import threading
import time
import traceback

from nested_core import presets
from nested_core.config import ConfigError, RunConfig

BATCH_SECONDS = 0.08  # between two messages with new events: about 12 a second


class Orders:
    """The latest commands. A thread reads them, so that training never waits for input."""

    def __init__(self, source):
        self.changed = threading.Condition()
        self.jobs = []
        self.until = {}
        self.edits = {}
        self.stopped = set()
        threading.Thread(target=self._read, args=(source,), daemon=True).start()

    def _read(self, source):
        try:
            while True:
                kind, job, *rest = pickle.load(source)
                with self.changed:
                    if kind == "run":
                        self.jobs.append((job, *rest))
                        self.until.setdefault(job, 0)
                    elif kind == "until":
                        self.until[job] = rest[0]
                    elif kind == "edit":
                        self.edits[job] = rest[0]
                    else:
                        self.stopped.add(job)
                    self.changed.notify_all()
        except (EOFError, OSError):
            os._exit(0)  # the parent is gone: nobody is left to train for

    def next_job(self):
        with self.changed:
            self.changed.wait_for(lambda: self.jobs)
            return self.jobs.pop(0)


def train(run, orders: Orders, send, job: int, config, seed: int) -> None:
    """One run, in step with the orders; its events go out in batches."""
    steps, sent_at, last, told = -1, 0.0, None, None

    def on_step(recorder):
        nonlocal steps, sent_at, last, told
        steps, last = steps + 1, recorder
        if recorder.meta is not told:
            told = recorder.meta
            send("meta", job, dict(told))
        now = time.monotonic()
        if steps >= orders.until[job] or now - sent_at > BATCH_SECONDS:
            send("new", job, recorder.take())
            sent_at = now
        with orders.changed:
            orders.changed.wait_for(lambda: job in orders.stopped or steps < orders.until[job])
            return orders.edits.pop(job, True) if job not in orders.stopped else False

    run(config, seed, on_step=on_step)
    send("new", job, last.take())
    send("done", job)


def warm(run) -> None:
    """Open the default stream once, so that its data and torch's first call do not delay the first Run."""
    stream = presets.stream("permuted_digits")
    run(RunConfig(stream, presets.single_loop(stream)), 0, on_step=lambda recorder: False)


def main(entry: str) -> None:
    out = os.fdopen(os.dup(sys.stdout.fileno()), "wb")
    os.dup2(sys.stderr.fileno(), sys.stdout.fileno())  # a stray print must not damage the answers
    orders = Orders(os.fdopen(os.dup(sys.stdin.fileno()), "rb"))

    def send(*message):
        pickle.dump(message, out, protocol=pickle.HIGHEST_PROTOCOL)
        out.flush()

    module, name = entry.split(":")
    run = getattr(importlib.import_module(module), name)
    if "torch" in sys.modules:
        sys.modules["torch"].set_num_threads(1)  # two threads on a busy machine are slower than one
    warm(run)
    while True:
        send("ready")
        job, config, seed = orders.next_job()
        try:
            train(run, orders, send, job, config, seed)
        except BrokenPipeError:
            return
        except Exception as error:
            traceback.print_exc()  # for the log; the page shows the sentence
            send(
                "error",
                job,
                str(error) if isinstance(error, ConfigError) else f"training stopped ({type(error).__name__}: {error})",
            )


if __name__ == "__main__":
    main(sys.argv[1])
