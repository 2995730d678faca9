"""What a tab's lesson has run: its scenes, one comparison after the other, or its recorded steps.

Training happens in the workers of the playground; steps are computed by `python -m lessons.record`, since torch stays
out of the process that serves pages. Nothing here waits.
"""

import pickle
import subprocess
import sys
import threading
from concurrent.futures import Future, ThreadPoolExecutor
from pathlib import Path

import streamlit as st

from lessons.lesson import Lesson, Results, Runs, Scene
from nested_core.trace import Trace

from ..engine.engine import Engine
from ..runner import Comparison
from ..state import engine

ROOT = Path(__file__).resolve().parent.parent.parent
SECONDS = 120


class LessonDesk:
    """The runs of one lesson at a time. Asking for another lesson clears it."""

    def __init__(self, engine: Engine):
        self.engine = engine
        self.number = 0
        self.scenes: tuple[Scene, ...] = ()
        self.seed = 0
        self.show: Comparison | None = None
        self.done: dict[str, list[Trace]] = {}

    def open(self, lesson: Lesson) -> None:
        if self.number != lesson.number:
            self.close()
            self.number, self.done = lesson.number, {}
            activity = lesson.activity
            self.scenes, self.seed = (activity.scenes, activity.seed) if isinstance(activity, Runs) else ((), 0)

    def close(self) -> None:
        if self.show:
            self.show.close()
        self.show = None

    @property
    def waiting(self) -> Scene | None:
        """The first scene that is not finished."""
        return next((scene for scene in self.scenes if scene.name not in self.done), None)

    @property
    def busy(self) -> bool:
        return self.show is not None and self.show.busy

    @property
    def finished(self) -> bool:
        return self.waiting is None

    def run(self, rate: float = 0.0) -> None:
        """Go on with the scene in view, or begin the first that is missing. rate: steps a second, 0 for no limit."""
        if self.show is None and self.waiting:
            self.show = Comparison(self.engine, self.waiting.configs, self.seed)
        if self.show:
            self.show.set_rate(rate)
            self.show.play()

    def pause(self) -> None:
        if self.show:
            self.show.pause()

    def again(self) -> None:
        """Forget the runs; the same configs and seed will give the same ones."""
        self.close()
        self.done = {}

    def tend(self) -> None:
        """Keep a finished scene and begin the next; called whenever the page draws."""
        show = self.show
        if show and show.error:
            return
        if show and show.status == "finished" and self.waiting:
            rate, self.done = show.rate, {**self.done, self.waiting.name: show.view()}
            self.close()
            self.run(rate)

    @property
    def position(self) -> int:
        """Steps that every learner of the running scene has done."""
        return self.show.cursor if self.show else 0

    def view(self, name: str | None = None) -> list[Trace]:
        """The traces of a scene so far; of the running one where no name is given."""
        if name in self.done:
            return self.done[name]
        runs = self.show and self.waiting and name in (None, self.waiting.name)
        return self.show.view() if runs else []


@st.cache_resource(scope="session", on_release=lambda held: held.close(), show_spinner=False)
def desk() -> LessonDesk:
    """The lesson in this tab; its training ends with the session."""
    return LessonDesk(engine())


def _record(number: int) -> Results:
    command = [sys.executable, "-m", "lessons.record", str(number)]
    pipes = dict(stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL)
    with subprocess.Popen(command, cwd=ROOT, **pipes) as process:
        clock = threading.Timer(SECONDS, process.kill)
        clock.start()
        found = process.stdout.read()
        clock.cancel()
    return pickle.loads(found)  # from our own child; EOFError where it failed


@st.cache_resource(show_spinner=False)
def recording(number: int) -> Future:
    """The recorded steps of a lesson, or its runs, computed once for this server."""
    threads = ThreadPoolExecutor(1, "steps")
    future = threads.submit(_record, number)
    threads.shutdown(wait=False)
    return future
