"""The server's side: one worker for everybody; what was computed is kept for whoever asks for the same runs.

Nothing here imports torch, and no call waits.
"""

from collections import OrderedDict
from dataclasses import dataclass
from typing import Any

from nested_core.phrase import phrase
from nested_core.trace import Trace

from ..service import Service
from .job import Job

ENTRY = "app.landscape.work:run"
KEPT = 8


@dataclass
class Work:
    """How far a job is. `surfaces` is a list of nested_core.surface.Surface once it is done."""

    job: Job
    share: float = 0.0
    words: str = phrase("waiting for the worker")
    surfaces: Any = None
    error: str = ""

    @property
    def busy(self) -> bool:
        return self.surfaces is None and not self.error


class Landscapes:
    """Surfaces by job."""

    def __init__(self, entry: str = ENTRY):
        self.service = Service(entry, lambda: None)
        self._works: OrderedDict[Job, Work] = OrderedDict()

    def find(self, job: Job) -> Work | None:
        """What was asked for before."""
        return self._works.get(job)

    def open(self, job: Job) -> Work:
        """The work on a job, begun if it was not, or if it failed."""
        with self.service.changed:
            work = self._works.get(job)
            if work is None or work.error:
                work = self._works[job] = Work(job)
                self.service.send(job, job.seed, lambda *message: self._receive(work, *message))
                while len(self._works) > KEPT:
                    self._works.popitem(last=False)
            return work

    def close(self) -> None:
        self.service.close()

    def _receive(self, work: Work, kind: str, content: Any = None) -> None:
        if kind == "meta":
            work.share, work.words, work.surfaces = content["share"], content["words"], content["surfaces"]
        elif kind == "error":
            work.error = content
        elif kind == "lost" and work.surfaces is None:
            work.error = phrase("the process that computed it ended unexpectedly; ask for it again.")


def differs(surfaces: Any, traces: list[Trace]) -> list[str]:
    """Names of the learners that, computed again, did not predict every batch as their trace says."""
    known = {trace.meta["config"]["learner"]["name"]: trace["online"] for trace in traces}
    paths = [path for surface in surfaces for path in surface.paths]
    return [p.learner for p in paths if not (p.online == known[p.learner][: len(p.online)]).all()]
