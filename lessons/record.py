"""Do what a lesson shows: its runs or its steps. `python -m lessons.record 03` writes the steps to stdout as a pickle.

The app calls it that way, so that torch stays out of the process that serves pages. It ends when its stdin does, so
that a server that is gone, however it went, leaves nothing behind.
"""

import os
import pickle
import sys
import threading
from collections.abc import Callable
from functools import lru_cache
from typing import TYPE_CHECKING

from nested_core.config import RunConfig

from . import lesson as find
from .lesson import Lesson, Results, Steps

if TYPE_CHECKING:
    from nested_core.trace import Trace


@lru_cache(maxsize=300)
def trace(config: RunConfig, seed: int) -> "Trace":
    """The finished run of this config and seed; kept, since several claims read the same one."""
    from nested_core.run import run

    return run(config, seed)


def results(lesson: Lesson, seed: int | None = None, said: Callable[[str], None] = lambda name: None) -> Results:
    """Everything that the lesson's reveal reads. `said` is told what comes next."""
    activity, found = lesson.activity, {}
    if isinstance(activity, Steps):
        for option in activity.options:
            said(option)
            found[option] = activity.record(option)
        return found
    for scene in activity.scenes:
        said(scene.name)
        found[scene.name] = [trace(config, activity.seed if seed is None else seed) for config in scene.configs]
    return found


def end_with_stdin() -> None:
    while os.read(0, 1024):
        pass
    os._exit(1)  # nobody waits for the answer


if __name__ == "__main__":
    from nested_core import cpu

    threading.Thread(target=end_with_stdin, daemon=True).start()
    cpu.prepare()
    pickle.dump(results(find(sys.argv[1])), sys.stdout.buffer)
