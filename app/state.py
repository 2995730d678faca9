"""What one browser tab holds (a Desk), and what all tabs of this server share (the Pool of workers)."""

import gc
import tempfile
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

import streamlit as st

from nested_core.config import RunConfig, run_id
from nested_core.trace import Trace, TraceError

from .pool import Pool
from .runner import Comparison

NEEDED = ("config", "seed", "steps", "tasks", "levels", "unit", "parameters", "state", "samples", "memory")
MAX_TRACE_BYTES = 64 * 2**20


@dataclass(frozen=True)
class Wanted:
    """What the controls ask for: one config for each learner, and a seed."""

    configs: tuple[RunConfig, ...]
    seed: int

    @cached_property
    def key(self) -> tuple[str, ...]:
        """Names the comparison by its content; own texts make this slow, hence kept."""
        return tuple(run_id(config, self.seed) for config in self.configs)


class Recording:
    """Finished traces from elsewhere, with the reading side of a Comparison."""

    status, busy, error, ahead = "recorded", False, "", 0

    def __init__(self, traces: list[Trace], source: str):
        self.traces, self.source = traces, source
        self.total = traces[0].meta["steps"]
        self.cursor = min(t.steps for t in traces)
        self.seed = traces[0].meta["seed"]

    def view(self) -> list[Trace]:
        return [trace.until(self.cursor) for trace in self.traces]

    def touch(self) -> None:
        """Nothing is running that would stop."""

    def close(self) -> None:
        """Nothing to give back."""


class Desk:
    """The comparison in view in one tab, live or recorded."""

    def __init__(self, pool: Pool):
        self.pool = pool
        self.show: Comparison | Recording | None = None
        self.key: tuple[str, ...] = ()
        self.fresh, self.since = True, 0.0  # nothing was run or opened here yet; when the recording began to play

    @property
    def live(self) -> Comparison | None:
        return self.show if isinstance(self.show, Comparison) else None

    def matches(self, wanted: Wanted | None) -> bool:
        """Whether the live comparison is the one that the controls ask for (or they ask for nothing usable)."""
        return self.live is not None and (wanted is None or wanted.key == self.key)

    def resumable(self, wanted: Wanted | None) -> bool:
        return self.matches(wanted) and self.show.status in ("paused", "running", "starting", "waiting")

    def _begin(self, wanted: Wanted | None) -> bool:
        if self.resumable(wanted):
            return True
        if wanted is None:
            return False
        self.reset()
        self.show, self.key = Comparison(self.pool, wanted.configs, wanted.seed), wanted.key
        return True

    def run(self, wanted: Wanted | None, rate: float) -> None:
        """Go on with the comparison in view, or begin the wanted one."""
        if self._begin(wanted):
            self.show.set_rate(rate)
            self.show.play()

    def step(self, wanted: Wanted | None) -> None:
        if self._begin(wanted):
            self.show.step()

    def pause(self) -> None:
        if self.live:
            self.show.pause()

    def reset(self) -> None:
        """Clear the view and stop what trains behind it."""
        if self.show:
            self.show.close()
        self.show, self.key, self.fresh = None, (), False

    def open(self, files) -> None:
        """Put opened trace files in view; TraceError leaves everything as it was."""
        traces = [load(file) for file in files]
        first = traces[0]
        for file, trace in zip(files, traces, strict=True):
            same = (trace.tasks, trace.meta["steps"], trace.unit) == (first.tasks, first.meta["steps"], first.unit)
            if not same:
                raise TraceError(
                    f"{file.name}: recorded on another stream than {files[0].name}; open traces of one stream together."
                )
        self.reset()
        self.show = Recording(traces, "opened from " + ", ".join(file.name for file in files))


def load(file) -> Trace:
    """One uploaded trace, checked for everything that the views read."""
    if file.size > MAX_TRACE_BYTES:
        raise TraceError(
            f"{file.name}: {file.size / 2**20:.0f} MB is too large; "
            f"open a trace of at most {MAX_TRACE_BYTES // 2**20} MB."
        )
    trace = Trace.load(file)
    try:
        missing = [name for name in NEEDED if name not in trace.meta]
        sizes = (
            (trace.steps, len(trace.levels)),
            (len(trace["probe_step"]), len(trace.tasks)),
            (len(trace["memory_step"]), len(trace.levels)),
        )
        fits = (trace["wrote"].shape, trace["score"].shape, trace["memory"].shape[:2]) == sizes
        usable = (
            not missing
            and fits
            and trace.steps > 0
            and len(trace["score"]) > 0
            and isinstance(trace.meta["config"]["learner"]["name"], str)
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


@st.cache_resource(show_spinner=False)
def pool() -> Pool:
    """Workers of this server. The first visit starts them, so that torch is imported before anybody presses Run."""
    shared = Pool()
    shared.warm()
    gc.freeze()  # imports are never garbage; collections then only look at what visits leave
    return shared


@st.cache_resource(scope="session", on_release=lambda held: held.reset(), show_spinner=False)
def desk() -> Desk:
    """What this tab holds; its training ends with the session."""
    return Desk(pool())
