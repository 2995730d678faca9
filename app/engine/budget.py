"""What one run may use. A person is told in a sentence which limit was reached and what to do."""

import contextlib
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from nested_core.config import ConfigError, RunConfig, check
from nested_core.phrase import phrase


@dataclass(frozen=True)
class Budget:
    """Steps and tasks of its stream, width of its model, processor seconds, and megabytes that it may ask for beyond
    what a warm process has; and the runs that one owner may have at a time."""

    steps: int = 20_000
    tasks: int = 10
    width: int = 1_024
    seconds: float = 600.0
    megabytes: int = 2_048
    runs: int = 8

    def check(self, config: Any) -> None:
        """Before a run is taken. Raises ConfigError."""
        if isinstance(config, RunConfig):
            for field, value, most in (
                ("steps", config.stream.steps, self.steps),
                ("tasks", config.stream.tasks, self.tasks),
                ("width", config.learner.width, self.width),
            ):
                check(value <= most, field, value, phrase("one run may have {most} here", most=most))

    def check_seconds(self, used: float) -> None:
        """While it runs. Raises ConfigError."""
        if used > self.seconds:
            raise ConfigError(
                phrase(
                    "seconds: the run has used the {seconds:g} s of computing that it may have here; "
                    "choose fewer steps or a smaller model.",
                    seconds=self.seconds,
                )
            )

    def limit_memory(self) -> None:
        """From now on this process cannot ask for more than `megabytes` beyond what it has: a job that wants more
        fails by itself, with a sentence, where the system would end the whole process. Linux only."""
        with contextlib.suppress(ImportError, OSError, ValueError, IndexError):
            import resource

            pages = int(Path("/proc/self/statm").read_text().split()[0])
            most = pages * resource.getpagesize() + self.megabytes * 2**20
            resource.setrlimit(resource.RLIMIT_AS, (most, resource.getrlimit(resource.RLIMIT_AS)[1]))
