"""A worker in this very process and thread, for notebooks and tests: an order is carried out before `send` returns."""

from typing import Any

from .budget import Budget
from .jobs import RUN, Jobs
from .process import Sink


class Inline:
    """The same as `process.Process`, without a process."""

    pid = 0

    def __init__(self, sink: Sink, entry: str = RUN, budget: Budget | None = None):
        self.sink: Sink | None = sink
        self._jobs = Jobs(self._answer, entry, budget)
        self._computing = False
        self._answer("ready")

    def _answer(self, *message: Any) -> None:
        if self.sink:
            self.sink(message)

    def send(self, *command: Any) -> None:
        self._jobs.order(*command)
        if self._computing:  # an order given by a sink: the loop below takes it up
            return
        self._computing = True
        try:
            while self.sink and self._jobs.turn(wait=0):
                pass
        finally:
            self._computing = False

    def alive(self) -> bool:
        return self.sink is not None

    def kill(self) -> None:
        self.sink = None
