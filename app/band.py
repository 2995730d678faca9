"""The same comparison on several seeds, one after the other in the background: how much of a result is luck."""

from nested_core.config import RunConfig
from nested_core.phrase import phrase
from nested_core.trace import Trace

from .engine.engine import Engine
from .runner import Comparison


class Band:
    """Runs on seeds first, first + 1, ...; `advance` is called whenever somebody looks, and never waits."""

    def __init__(self, engine: Engine, configs: tuple[RunConfig, ...], seeds: range, owner: str = ""):
        self.engine, self.configs, self.seeds, self.owner = engine, configs, seeds, owner
        self.done: list[list[Trace]] = []  # for every finished seed the trace of every learner
        self.error = ""
        self.running: Comparison | None = None

    def advance(self) -> None:
        """Take what has finished and begin the next seed."""
        run = self.running
        if run and run.status == "finished":
            self.done.append(run.view())
        elif run and run.error:
            self.error = phrase("seed {seed}: {error}", seed=run.seed, error=run.error)
        elif run:
            run.touch()
            return
        self.stop()
        if not self.finished:
            self.running = Comparison(self.engine, self.configs, self.seeds[len(self.done)], owner=self.owner)
            self.running.play()

    @property
    def finished(self) -> bool:
        return bool(self.error) or len(self.done) == len(self.seeds)

    @property
    def share(self) -> float:
        """Part of all steps done, 0 to 1."""
        now = self.running.cursor / self.running.total if self.running else 0.0
        return min(1.0, (len(self.done) + now) / len(self.seeds))

    def stop(self) -> None:
        """Give the run in progress up; finished seeds stay."""
        if self.running:
            self.running.close()
        self.running = None
