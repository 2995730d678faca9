"""Record the shipped samples: `python -m app.samples` (about half a minute).

Only some of the memory snapshots are kept, so that the files stay small.
"""

import numpy as np

from nested_core.run import run
from nested_core.trace import CHANNELS, Trace

from . import SEED, configs, path

KEPT_SNAPSHOTS = 30


def thinned(trace: Trace) -> Trace:
    """The same run with fewer memory snapshots, rounded to three digits."""
    count = len(trace["memory_step"])
    # Neighbours, so that "changed last" keeps its meaning.
    pairs = np.linspace(0, count - 2, KEPT_SNAPSHOTS // 2).astype(int)
    kept = np.unique(np.concatenate([pairs, pairs + 1]))
    channels = {name: trace[name] for name in CHANNELS}
    channels["memory_step"] = trace["memory_step"][kept]
    channels["memory"] = trace["memory"][kept].round(3)
    for name in ("online", "change", "surprise", "score", "level_score"):
        channels[name] = trace[name].astype("float32").astype("float64")
    return Trace(dict(trace.meta), channels)


for config in configs():
    trace = thinned(run(config, SEED))
    trace.save(path(config))
    print(f"{path(config).name}: {trace.steps} steps, {path(config).stat().st_size / 1024:.0f} KB")
