"""What is left of a run: an append-only event log, read as immutable numpy arrays.

The Recorder is the write side, the Trace the read side. A growing, a finished and a loaded trace are the same type.
Every picture, table and claim is made from a Trace and from nothing else. Letters: S steps, L levels, T tasks,
P probes (tests on held-out data), M memory snapshots. Gates stand by layer, head and part: mean, 10 % and 90 %
quantile over the tokens of the held-out sequences that were read.
"""

import contextlib
import json
from collections.abc import Mapping
from dataclasses import dataclass
from io import BufferedIOBase
from itertools import pairwise
from pathlib import Path
from types import MappingProxyType
from typing import Any

import numpy as np
from numpy.typing import ArrayLike

from .trace_check import problem

VERSION = 4
MAX_BYTES = 2**30  # of an unpacked file


@dataclass(frozen=True)
class Channel:
    """One recorded quantity: its dimensions, numpy type, unit, and what larger means."""

    dims: tuple[str, ...]
    dtype: str
    unit: str
    meaning: str


CHANNELS = {
    "task": Channel(("step",), "int16", "task index", "the task that the stream visited (the learner is never told)"),
    "online": Channel(("step",), "float64", "trace.unit", "score on each batch, predicted before it was learned from"),
    "seconds": Channel(
        ("step",), "float64", "s", "wall clock spent predicting and learning so far, probes not counted"
    ),
    "wrote": Channel(("step", "level"), "bool", "-", "whether the level's weights changed at this step"),
    "change": Channel(
        ("step", "level"), "float64", "fraction", "size of the write: norm of the change / norm of the memory"
    ),
    "surprise": Channel(
        ("step", "level"), "float64", "norm", "norm of the error signal behind the write; larger is more surprised"
    ),
    "diverged": Channel(
        ("step",), "bool", "-", "whether loss or gradient was not finite or a memory too large, and nothing was written"
    ),
    "sample": Channel(("step", "part"), "uint8", "-", "the first sample of the batch; see meta['alphabet']"),
    "truth": Channel(("step",), "int16", "class or symbol", "the right answer to that sample (on text: to its end)"),
    "guess": Channel(("step",), "int16", "class or symbol", "what the learner answered, before it learned"),
    "probe_step": Channel(("probe",), "int32", "step", "steps learned before this probe"),
    "score": Channel(("probe", "task"), "float64", "trace.unit", "the learner on held-out data of every task"),
    "level_score": Channel(
        ("probe", "level", "task"), "float64", "trace.unit", "each level asked alone; nan where it was not asked"
    ),
    "eta": Channel(
        ("probe", "layer", "head", "part"),
        "float64",
        "-",
        "step size of the self-modifying memories on held-out text; empty where a learner has none",
    ),
    "alpha": Channel(
        ("probe", "layer", "head", "part"),
        "float64",
        "-",
        "retention of the same memories: what share of its content a memory keeps at each token, 1 keeps everything",
    ),
    "memory_step": Channel(("snapshot",), "int32", "step", "steps learned before this snapshot"),
    "memory": Channel(
        ("snapshot", "level", "row", "column"), "float32", "weight", "part of each level's memory; see meta['memory']"
    ),
}
ROOM = 64  # entries that a channel begins with
WALL_CLOCK = ("seconds",)  # the only channel that differs between two runs of one config and seed


class TraceError(ValueError):
    """A trace file that cannot be read: one sentence naming the file and the fix."""


class Recorder:
    """The write side. `meta` is fixed at the start, but for the edits of its config: see Trace for its fields."""

    def __init__(self, meta: dict[str, Any]):
        self.meta = {"version": VERSION, **meta}
        self._events: dict[str, np.ndarray] = {}  # with room at the end, so that a trace is a view and no copy
        self._counts = dict.fromkeys(CHANNELS, 0)
        self._sent = dict.fromkeys(CHANNELS, 0)

    def add(self, name: str, value: ArrayLike) -> None:
        """Append one entry to a channel; an unknown name raises KeyError."""
        array = np.asarray(value, dtype=CHANNELS[name].dtype)
        if array.ndim != len(CHANNELS[name].dims) - 1:
            raise ValueError(f"{name}: entry of {array.ndim} dimensions, the channel has {CHANNELS[name].dims}")
        count, rows = self._counts[name], self._events.get(name)
        if rows is None:
            rows = self._events[name] = np.empty((ROOM, *array.shape), array.dtype)
        elif array.shape != rows.shape[1:]:
            raise ValueError(f"{name}: entry of shape {array.shape}, those before have {rows.shape[1:]}")
        if count == len(rows):  # traces of before keep the old array
            rows = self._events[name] = np.concatenate([rows, np.empty_like(rows)])
        rows[count] = array  # a copy: later changes of `value` do not reach the log
        self._counts[name] = count + 1

    def count(self, name: str) -> int:
        """Entries in a channel so far."""
        return self._counts[name]

    def take(self) -> dict[str, np.ndarray]:
        """The entries added since the last call: what a process sends to a reader elsewhere."""
        new = {n: rows[self._sent[n] : self._counts[n]] for n, rows in self._events.items()}
        self._sent = dict(self._counts)
        return {n: rows for n, rows in new.items() if len(rows)}

    def extend(self, entries: dict[str, np.ndarray]) -> None:
        """Append what another Recorder's `take`, or a Trace, gave."""
        for name, rows in entries.items():
            if not len(rows):
                continue
            self.add(name, rows[0])
            rest, count = np.asarray(rows[1:]), self._counts[name]
            held = self._events[name]
            if rest.shape[1:] != held.shape[1:]:
                raise ValueError(f"{name}: entries of shape {rest.shape[1:]}, those before have {held.shape[1:]}")
            if (end := count + len(rest)) > len(held):
                held = self._events[name] = np.concatenate([held, np.empty((end, *held.shape[1:]), held.dtype)])
            held[count:end] = rest
            self._counts[name] = end

    def freeze(self, step: int | None = None) -> "Trace":
        """Everything so far, or up to this step; immutable: the log only grows behind it."""
        last = _last(self._events, self._counts, step) if step is not None else self._counts
        return Trace(self.meta, {n: rows[: last[n]] for n, rows in self._events.items()}, self)


def _last(rows: Mapping[str, np.ndarray], counts: dict[str, int], step: int) -> dict[str, int]:
    """How many entries of each channel there were after `step` steps."""

    def before(name: str) -> int:
        at = rows[name][: counts[name]] if name in rows else np.zeros(0)
        return int(np.searchsorted(at, step, "right"))

    ends = {"step": step, "probe": before("probe_step"), "snapshot": before("memory_step")}
    return {name: min(counts.get(name, 0), ends[channel.dims[0]]) for name, channel in CHANNELS.items()}


class Trace:
    """The read side: `trace["score"]` is a read-only array, empty where nothing was recorded.

    meta fields: config and seed (what `run` was given), run_id, steps (planned), tasks (names), levels (a list of
    {name, period, per, kind}), unit ("accuracy" or "bits per character"), parameters, state (numbers kept beside the
    parameters by optimizers and memories), samples (a step: digits or characters), multiply_adds (forward, a sample),
    memory (what the snapshots show), backend (of a learner with self-modifying memory [form that computed it, why],
    else null), alphabet (the symbols of a text's samples, in order; null where a sample is an image of brightness 0 to
    16, row by row). config.edits says when a person changed levels during the run.
    """

    def __init__(self, meta: dict[str, Any], channels: dict[str, np.ndarray], log: object = None):
        self.meta = MappingProxyType(meta)
        self.log = log or self  # two traces of one log with as many steps hold the same
        arrays = {}
        for name, channel in CHANNELS.items():
            array = channels.get(name)
            if array is None:
                sizes = {"level": len(meta["levels"]), "task": len(meta["tasks"])}
                array = np.zeros([sizes.get(d, 0) for d in channel.dims], channel.dtype)
            array = np.asarray(array)
            array.flags.writeable = False
            arrays[name] = array
        self._channels = MappingProxyType(arrays)

    def __reduce__(self) -> tuple[type["Trace"], tuple[dict[str, Any], dict[str, np.ndarray]]]:
        return Trace, (dict(self.meta), dict(self._channels))  # so that one process can hand it to another

    def __getitem__(self, name: str) -> np.ndarray:
        return self._channels[name]

    @property
    def steps(self) -> int:
        """Steps recorded so far; `meta["steps"]` are planned."""
        return len(self["task"])

    @property
    def tasks(self) -> list[str]:
        tasks: list[str] = self.meta["tasks"]
        return tasks

    @property
    def levels(self) -> list[dict[str, Any]]:
        levels: list[dict[str, Any]] = self.meta["levels"]
        return levels

    @property
    def unit(self) -> str:
        unit: str = self.meta["unit"]
        return unit

    @property
    def lower_is_better(self) -> bool:
        return self.unit != "accuracy"

    @property
    def finished(self) -> bool:
        return bool(self.steps == self.meta["steps"])

    def visits(self) -> list[tuple[int, int, int]]:
        """The stretches of one task so far: (task, first step, last step), steps counted from 1."""
        task = self["task"]
        cuts = [0, *(np.flatnonzero(np.diff(task)) + 1), len(task)] if len(task) else [0]
        return [(int(task[a]), int(a) + 1, int(b)) for a, b in pairwise(cuts)]

    def task_matrix(self) -> np.ndarray:
        """R[task trained, task tested]: scores at the end of the last visit to each task. Needs a finished trace."""
        if not self.finished:
            raise ValueError(f"the run has {self.steps} of {self.meta['steps']} steps; the task matrix needs all")
        last = {task: end for task, _, end in self.visits()}
        row = {int(step): i for i, step in enumerate(self["probe_step"])}
        return np.stack([self["score"][row[last[t]]] for t in range(len(self.tasks))])

    def until(self, step: int) -> "Trace":
        """The same run as it stood after `step` steps."""
        if step >= self.steps and all((self[name][-1:] <= step).all() for name in ("probe_step", "memory_step")):
            return self
        last = _last(self._channels, {n: len(rows) for n, rows in self._channels.items()}, step)
        return Trace(dict(self.meta), {n: rows[: last[n]] for n, rows in self._channels.items()}, self.log)

    def same_events(self, other: "Trace") -> bool:
        """Whether both recorded the same, bit for bit; the wall clock does not count."""
        return all(
            np.array_equal(self[n], other[n], equal_nan=self[n].dtype.kind == "f")
            for n in CHANNELS
            if n not in WALL_CLOCK
        )

    @property
    def nbytes(self) -> int:
        """Bytes of all events."""
        return sum(array.nbytes for array in self._channels.values())

    def save(self, path: str | Path | BufferedIOBase) -> None:
        """Write one .npz file (numpy arrays and JSON; no code), to a path or into an open file."""
        content: dict[str, Any] = {"meta": np.array(json.dumps(dict(self.meta))), **self._channels}
        with contextlib.nullcontext(path) if isinstance(path, BufferedIOBase) else open(path, "wb") as file:
            np.savez_compressed(file, **content)

    @staticmethod
    def load(path: str | Path | BufferedIOBase) -> "Trace":
        """Read what `save` wrote, from a path or an open file; TraceError if damaged, foreign or of another version."""
        name = Path(str(getattr(path, "name", None) or path)).name
        try:
            with (
                contextlib.nullcontext(path) if hasattr(path, "read") else open(path, "rb") as raw,
                np.load(raw, allow_pickle=False) as file,
            ):
                size = sum(part.file_size for part in file.zip.infolist())
                if size > MAX_BYTES:
                    raise TraceError(f"{name}: it unpacks to {size / 2**30:.1f} GB; open a smaller one.")
                meta = json.loads(str(file["meta"]))
                if not isinstance(meta, dict) or "version" not in meta:
                    raise TraceError(f"{name}: not a trace of this program; open a file that its Save button wrote.")
                if meta["version"] != VERSION:
                    raise TraceError(
                        f"{name}: trace version {meta['version']} is not the {VERSION} of this program; record again."
                    )
                trace = Trace(meta, {n: file[n] for n in CHANNELS})
                wrong = problem(meta, dict(trace._channels), {n: channel.dims for n, channel in CHANNELS.items()})
                if wrong:
                    raise TraceError(f"{name}: {wrong}; record the run again.")
                return trace
        except TraceError:
            raise
        except FileNotFoundError:
            raise TraceError(f"{name}: no such file; check the path.") from None
        except Exception as error:  # whatever a foreign file makes zip, numpy and JSON do
            raise TraceError(
                f"{name}: damaged or not a trace ({type(error).__name__}); record or download it again."
            ) from None
