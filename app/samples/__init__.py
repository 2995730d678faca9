"""Shipped recordings: the default digit run, so that a first visit shows something before any training.

A recording is only shown where its run is the one that the controls ask for; `python -m app.samples` records it anew
after a change of the presets or of the engine.
"""

from functools import cache
from pathlib import Path

from nested_core import presets
from nested_core.config import RunConfig, run_id
from nested_core.trace import Trace

FOLDER = Path(__file__).resolve().parent
SEED = 0


def configs() -> list[RunConfig]:
    """The runs that are shipped: what the page asks for when it opens."""
    stream = presets.stream("permuted_digits")
    return [presets.run_config(stream, arm) for arm in presets.arms(stream)]


def path(config: RunConfig) -> Path:
    return FOLDER / f"{config.stream.kind}-{config.learner.name}.npz"


@cache
def find(key: tuple[str, ...]) -> list[Trace]:
    """The recordings of the comparison with these run ids, or none."""
    if key != tuple(run_id(config, SEED) for config in configs()):
        return []
    files = [path(config) for config in configs()]
    traces = [Trace.load(file) for file in files] if all(file.exists() for file in files) else []
    return traces if tuple(trace.meta["run_id"] for trace in traces) == key else []
