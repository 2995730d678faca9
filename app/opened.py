"""Trace files that come and go: what an upload must hold, and the bytes of a download."""

import tempfile
from pathlib import Path

from nested_core.phrase import phrase
from nested_core.trace import Trace, TraceError

from .settings import settings


def load(file) -> Trace:
    """One uploaded trace."""
    most = settings().upload_megabytes
    if file.size > most * 2**20:
        raise TraceError(
            phrase(
                "{name}: {size:.0f} MB is too large; open a trace of at most {most} MB.",
                name=file.name,
                size=file.size / 2**20,
                most=most,
            )
        )
    trace = Trace.load(file)
    if not trace.steps or not len(trace["probe_step"]):
        raise TraceError(phrase("{name}: nothing is recorded in it; record the run again.", name=file.name))
    return trace


def to_bytes(trace: Trace) -> bytes:
    """The file that Save trace downloads."""
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "trace.npz"
        trace.save(path)
        return path.read_bytes()
