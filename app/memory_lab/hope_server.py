"""The server's side of the trained memory: a Hope is trained once for each seed, then reads what people type."""

from collections import OrderedDict
from dataclasses import dataclass, field
from typing import Any

from nested_core.phrase import phrase

from ..service import Service
from .hope_questions import Read, Reading, Train

ENTRY = "app.memory_lab.hope_worker:run"
READINGS = 64  # remembered
WAIT_SECONDS = 1.5


@dataclass
class Training:
    """How far it is. `tests`: share of right answers on held-out lessons, by noise tokens before the question."""

    train: Train
    loss: list[float] = field(default_factory=list)
    tests: dict[int, float] = field(default_factory=dict)
    parameters: int = 0
    done: bool = False
    error: str = ""

    @property
    def share(self) -> float:
        return len(self.loss) / self.train.steps


class Hopes:
    """Trained memories, and what they read."""

    def __init__(self, entry: str = ENTRY):
        self.service = Service(entry, self._ended)
        self._trainings: dict[Train, Training] = {}
        self._readings: OrderedDict[Read, Reading] = OrderedDict()

    def open(self, train: Train) -> Training:
        """This training, begun if it was not."""
        with self.service.changed:
            self.service.touch()
            if train not in self._trainings:
                training = self._trainings[train] = Training(train)
                self.service.send(train, train.seed, lambda *message: self._learned(training, *message))
            return self._trainings[train]

    def read(self, read: Read) -> Reading | None:
        """What the trained memory made of these facts; None where that takes longer than a moment: ask again."""
        with self.service.changed:
            if read not in self._readings:
                self.service.send(read, read.train.seed, lambda *message: self._answered(read, *message))
                self.service.changed.wait_for(
                    lambda: read in self._readings or read.train not in self._trainings, WAIT_SECONDS
                )
            return self._readings.get(read)

    def forget(self, train: Train) -> None:
        """Train it again at the next visit."""
        with self.service.changed:
            self._trainings.pop(train, None)

    def close(self) -> None:
        self.service.close()

    def _ended(self) -> None:
        for train in [train for train, training in self._trainings.items() if not training.error]:
            del self._trainings[train]  # what was learned went with the process

    def _learned(self, training: Training, kind: str, content: Any = None) -> None:
        if kind == "meta":
            training.parameters = content["parameters"]
        elif kind == "new":
            training.loss += content.get("loss", [])
            training.tests = content.get("tests", training.tests)
        elif kind == "done":
            training.done = True
        else:
            training.error = content or phrase("the training process ended unexpectedly; press Train again.")

    def _answered(self, read: Read, kind: str, content: Any = None) -> None:
        if kind == "meta":
            self._readings[read] = content["reading"]
            while len(self._readings) > READINGS:
                self._readings.popitem(last=False)
        elif kind == "error":  # the worker no longer has this one
            self._trainings.pop(read.train, None)
