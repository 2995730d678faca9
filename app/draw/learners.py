"""The server's side: lessons are trained once, their learners stay in the worker and answer questions.

Nothing here imports torch. A page never waits longer than `WAIT_SECONDS`; it asks again at its next tick.
"""

import functools
from collections import OrderedDict
from dataclasses import dataclass, field
from typing import Any

import streamlit as st

from nested_core.phrase import phrase
from nested_core.trace import Recorder, Trace

from ..service import Service
from .questions import Answer, Lesson, Question
from .strokes import Image

ENTRY = "app.draw.learn:run"
LESSONS, ANSWERS = 3, 64  # remembered
WAIT_SECONDS = 2.0


@dataclass
class Training:
    """How far a lesson is. `recorders`: by place, for every learner that has begun."""

    lesson: Lesson
    recorders: dict[int, Recorder] = field(default_factory=dict)
    steps: int = 0
    finished: int = 0
    error: str = ""
    examples: dict[int, list[Image]] = field(default_factory=dict)

    @property
    def total(self) -> int:
        return sum(config.stream.steps for config in self.lesson.configs)

    @property
    def done(self) -> bool:
        return self.finished == len(self.lesson.configs)

    def traces(self) -> list[Trace]:
        return [recorder.freeze() for _, recorder in sorted(self.recorders.items())]


class Learners:
    """Lessons by content: the same lesson is trained once, whoever asks."""

    def __init__(self, entry: str = ENTRY):
        self.service = Service(entry, self._ended)
        self._lessons: OrderedDict[Lesson, Training] = OrderedDict()
        self._answers: OrderedDict[tuple[Lesson, Image], list[Answer]] = OrderedDict()

    def open(self, lesson: Lesson) -> Training:
        """The training of a lesson, begun if it was not."""
        with self.service.changed:
            self.service.touch()
            if lesson not in self._lessons:
                training = Training(lesson)
                self._lessons[lesson] = training
                while len(self._lessons) > LESSONS:
                    self._lessons.popitem(last=False)
                for place, config in enumerate(lesson.configs):
                    receive = functools.partial(self._learned, training, place)
                    self.service.send(config, lesson.seed, receive)
            self._lessons.move_to_end(lesson)
            return self._lessons[lesson]

    def ask(self, lesson: Lesson, image: Image) -> list[Answer]:
        """What each learner of a trained lesson sees, nested first; nothing yet where it takes longer than a moment."""
        key, changed = (lesson, image), self.service.changed
        with changed:
            if key not in self._answers:
                question = Question(lesson.runs, image)
                self.service.send(question, lesson.seed, lambda *message: self._answered(key, *message))
                changed.wait_for(lambda: key in self._answers or lesson not in self._lessons, WAIT_SECONDS)
            return self._answers.get(key, [])

    def forget(self, lesson: Lesson) -> None:
        """Train it again at the next visit."""
        with self.service.changed:
            self._lessons.pop(lesson, None)

    def close(self) -> None:
        """End the worker and forget what it knew."""
        self.service.close()

    def _ended(self) -> None:
        for lesson in [lesson for lesson, training in self._lessons.items() if not training.error]:
            del self._lessons[lesson]  # its learners went with the process; the next visit trains them again

    def _learned(self, training: Training, place: int, kind: str, content: Any = None) -> None:
        if kind == "meta":
            training.examples = content.pop("examples")
            training.recorders[place] = Recorder(content)
        elif kind == "new":
            training.recorders[place].extend(content)
            training.steps += len(content.get("task", ()))
        elif kind == "done":
            training.finished += 1
        elif kind == "lost":
            training.error = phrase("the training process ended unexpectedly; press Train again.")
        else:
            training.error = content

    def _answered(self, key: tuple[Lesson, Image], kind: str, content: Any = None) -> None:
        if kind == "meta":
            self._answers[key] = content["answers"]
            while len(self._answers) > ANSWERS:
                self._answers.popitem(last=False)
        elif kind == "error":  # the worker no longer has these learners
            self._lessons.pop(key[0], None)


@st.cache_resource(show_spinner=False)
def learners() -> Learners:
    """The worker of this server that trains and answers."""
    return Learners()
