"""Trace files that come and go: what an upload must hold, and the bytes of a download."""

import tempfile
from pathlib import Path

from nested_core.trace import Trace, TraceError

from .settings import settings

NEEDED = ("config", "seed", "steps", "tasks", "levels", "unit", "parameters", "state", "samples", "memory", "backend")


def load(file) -> Trace:
    """One uploaded trace, checked for everything that the views read."""
    most = settings().upload_megabytes
    if file.size > most * 2**20:
        raise TraceError(f"{file.name}: {file.size / 2**20:.0f} MB is too large; open a trace of at most {most} MB.")
    trace = Trace.load(file)
    try:
        missing = [name for name in NEEDED if name not in trace.meta]
        sizes = (
            (trace.steps, len(trace.levels)),
            (len(trace["probe_step"]), len(trace.tasks)),
            (len(trace["memory_step"]), len(trace.levels)),
            (trace.steps,),
        )
        shapes = (trace["wrote"].shape, trace["score"].shape, trace["memory"].shape[:2], trace["diverged"].shape)
        fits = shapes == sizes
        usable = (
            not missing
            and fits
            and trace.steps > 0
            and len(trace["score"]) > 0
            and isinstance(trace.meta["config"]["learner"]["name"], str)
            and [type(x) for x in trace.meta["backend"] or ()] in ([], [str, str])
        )
    except (KeyError, TypeError, AttributeError):
        usable = False
    if not usable:
        raise TraceError(f"{file.name}: parts of the trace are missing or do not fit together; record it again.")
    return trace


def to_bytes(trace: Trace) -> bytes:
    """The file that Save trace downloads."""
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "trace.npz"
        trace.save(path)
        return path.read_bytes()
