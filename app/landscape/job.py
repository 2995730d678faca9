"""What a page and the worker say to each other: which runs, how far, and how finely their surface is measured."""

from dataclasses import dataclass

from nested_core.config import RunConfig, from_dict
from nested_core.trace import Trace

GRID, SAMPLES = {False: 21, True: 13}, {False: 160, True: 4}  # points a side; samples of a task. True: on text


@dataclass(frozen=True)
class Job:
    """The runs of one comparison up to a step, as they are in view: with their edits."""

    configs: tuple[RunConfig, ...]
    seed: int
    steps: int

    @property
    def grid(self) -> int:
        return GRID[self.configs[0].stream.is_text]

    @property
    def samples(self) -> int:
        return SAMPLES[self.configs[0].stream.is_text]


def job(traces: list[Trace]) -> Job:
    """The job that draws what these traces tell of; ConfigError for a recording of something else."""
    configs = tuple(from_dict(dict(trace.meta["config"])) for trace in traces)
    return Job(configs, traces[0].meta["seed"], min(trace.steps for trace in traces))
