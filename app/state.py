"""What one browser tab holds (a Desk), and what all tabs of this server share (the Pool of workers)."""

import gc
import tempfile
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

import streamlit as st

from nested_core.config import RunConfig, run_id
from nested_core.trace import Trace, TraceError

from . import samples
from .playhead import Playhead
from .pool import Pool
from .runner import Comparison

NEEDED = ("config", "seed", "steps", "tasks", "levels", "unit", "parameters", "state", "samples", "memory", "backend")
MAX_TRACE_BYTES = 64 * 2**20
REPLAY_SECONDS = 8.0  # that a replay of all steps takes


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
        return self.traces

    def touch(self) -> None:
        """Nothing is running that would stop."""

    def close(self) -> None:
        """Nothing to give back."""


class Desk:
    """The comparison in view in one tab, live or recorded, and the step of it that is looked at."""

    def __init__(self, pool: Pool):
        self.pool = pool
        self.show: Comparison | Recording | None = None
        self.key: tuple[str, ...] = ()
        self.fresh = True  # nothing was run or opened here yet
        self.head = Playhead()

    # time

    @property
    def recorded(self) -> int:
        """Steps that every learner in view has done."""
        return self.show.cursor if self.show else 0

    @property
    def position(self) -> int:
        """The step that is looked at."""
        return self.head.position(self.recorded)

    @property
    def busy(self) -> bool:
        """Whether the picture is about to change."""
        return self.show is not None and (self.show.busy or self.head.moving(self.recorded))

    def view(self) -> list[Trace]:
        """The traces of all learners up to the step that is looked at; empty before they have begun."""
        at = self.position
        return [trace.until(at) for trace in self.show.view()] if self.show else []

    def stops(self, by: str) -> int:
        """Steps between two stops of the cursor: one step, a window of the slowest level, or a visit to a task."""
        traces = self.show.view() if self.show else []
        if by == "step" or not traces:
            return 1
        if by == "window":
            return max(x["period"] for trace in traces for x in trace.levels if x["per"] == "step")
        stream = traces[0].meta["config"]["stream"]
        return stream.get("dwell", traces[0].meta["steps"])

    def replay(self) -> None:
        """Show what was recorded again, from where the cursor stands, in eight seconds for all of it."""
        self.head.play(self.recorded, max(5.0, self.show.total / REPLAY_SECONDS))

    def back(self, by: str = "step") -> None:
        every = self.stops(by)
        self.head.jump((self.position - 1) // every * every, self.recorded)

    def jump(self, step: int) -> None:
        self.head.jump(step, self.recorded)

    def greet(self, wanted: "Wanted | None") -> None:
        """On a first visit: the shipped recording of the wanted run, moving."""
        if not self.fresh or wanted is None or wanted.key == self.key:
            return
        traces = samples.find(wanted.key)
        self.show, self.key = Recording(traces, "a recording of this very run") if traces else None, wanted.key
        if traces:
            self.replay()

    # training

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
        """Go on with the comparison in view, from its end, or begin the wanted one."""
        if self._begin(wanted):
            self.head.follow()
            self.show.set_rate(rate)
            self.show.play()

    def step(self, wanted: Wanted | None, by: str = "step") -> None:
        """On to the next stop: in what was recorded, and from its end by training."""
        if self.show and self.position < self.recorded:
            every = self.stops(by)
            self.head.jump((self.position // every + 1) * every, self.recorded)
        elif not (self.matches(wanted) and self.show.status == "finished") and self._begin(wanted):
            self.show.step(self.stops(by))

    def pause(self) -> None:
        self.head.stop(self.recorded)
        if self.live:
            self.show.pause()

    def reset(self) -> None:
        """Clear the view and stop what trains behind it."""
        if self.show:
            self.show.close()
        self.show, self.key, self.fresh = None, (), False
        self.head.follow()

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
