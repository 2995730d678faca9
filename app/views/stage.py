"""The stage as data: the sample that flows through, each learner's answer, who wrote lately, and what memories hold.

`frame` is all that app/stage paints, in the reader's language. Every number in it is a recorded event; what moves
between two frames is the picture alone (ticks slide, a fresh write glows).
"""

import json
import threading
from base64 import b64encode
from collections.abc import Callable
from typing import TypeVar
from weakref import WeakKeyDictionary

import numpy as np

from nested_core.trace import Trace

from ..language import language
from ..theme import arm_name, hue, level_name, score, task_name
from .memory import limit, snapshots

KEPT = 2_000  # pictures of one log
T = TypeVar("T")
WINDOW = (48, 240)  # least and most steps of a lane's past; as many as three writes of the slowest level take


def frame(traces: list[Trace]) -> dict:
    """What the stage shows of these learners, at their last step. Letters as in Trace; sizes of writes are 0 to 1."""
    size = window(traces)
    return {**_head(traces[0], size), "learners": [learner(each, size) for each in traces]}


def text(traces: list[Trace], held: dict[tuple[int, int], int]) -> str:
    """`frame` as JSON, without the memories that a browser has already. held: the step of each of them, by learner and
    lane; brought up to date."""
    size = window(traces)
    head = json.dumps(_head(traces[0], size), separators=(",", ":"))
    return f'{head[:-1]},"learners":[{",".join(_text(each, size, i, held) for i, each in enumerate(traces))}]}}'


def _text(trace: Trace, size: int, place: int, held: dict[tuple[int, int], int]) -> str:
    snapshot = int(trace["memory_step"][-1]) if len(trace["memory_step"]) else 0
    lanes = range(len(trace.levels))
    old = all(held.get((place, i)) == snapshot for i in lanes)
    held.update({(place, i): snapshot for i in lanes})

    def make() -> str:
        told = learner(trace, size)
        bare = [{name: x for name, x in one.items() if name != "memory"} for one in told["lanes"]]
        return json.dumps({**told, "lanes": bare} if old else told, separators=(",", ":"))

    return kept(trace, ("text", language(), trace.steps, size, old), make)


def window(traces: list[Trace]) -> int:
    """Steps of a lane's past."""
    longest = max((x["period"] for t in traces for x in t.levels if x["per"] == "step"), default=1)
    return int(np.clip(3 * longest, *WINDOW))


def _head(trace: Trace, size: int) -> dict:
    step = trace.steps
    now = int(trace["task"][-1]) if step else 0
    return {
        "step": step,
        "total": trace.meta["steps"],
        "window": size,
        "task": {"name": f"{now + 1} {task_name(trace, now)}", "colour": hue(now)} if step else None,
        "sample": sample(trace),
    }


def sample(trace: Trace) -> dict | None:
    """The first sample of the last batch: an image as base64 of brightness 0 to 16, or a text; and the right answer."""
    if not trace.steps or not trace["sample"].shape[-1]:
        return None
    alphabet, values = trace.meta.get("alphabet"), trace["sample"][-1]
    shown = {"image": coded(values)} if alphabet is None else {"text": "".join(alphabet[i] for i in values)}
    return {**shown, "truth": symbol(trace, "truth")}


def symbol(trace: Trace, channel: str) -> str | None:
    """A class or a character as text; None where nothing was recorded."""
    value, alphabet = int(trace[channel][-1]), trace.meta.get("alphabet")
    if value < 0:
        return None
    return str(value) if alphabet is None else alphabet[value].replace("\n", "⏎").replace(" ", "␣")


def learner(trace: Trace, window: int) -> dict:
    """One learner: its answer and score, and a lane for every level."""
    unit = trace.unit
    return {
        "name": arm_name(trace),
        "guess": symbol(trace, "guess") if trace.steps and len(trace["guess"]) else None,
        "score": score(float(trace["online"][-1]), unit) if trace.steps else "-",
        "lanes": [lane(trace, level, window) for level in range(len(trace.levels))],
    }


def lane(trace: Trace, level: int, window: int) -> dict:
    """One level: its clock, the writes [step, size] of the window, and its memory with what changed last."""
    about, steps = trace.levels[level], trace.steps
    wrote, change = trace["wrote"][-window:, level], np.nan_to_num(trace["change"][-window:, level])
    largest = float(np.nan_to_num(trace["change"][:, level]).max(initial=0.0)) or 1.0
    at = np.flatnonzero(wrote)
    sizes = (change[at] / largest).round(2)
    return {
        "name": level_name(about),
        "period": about["period"] if about["per"] == "step" else 0,  # 0: at every token
        "writes": [list(pair) for pair in zip((at + steps - len(wrote) + 1).tolist(), sizes.tolist(), strict=True)],
        "moved": round(100 * float(change[-1]), 3) if len(wrote) and wrote[-1] else None,
        "memory": kept(trace, ("memory", len(trace["memory_step"]), level), lambda: _memory(trace, level)),
    }


def _memory(trace: Trace, level: int) -> dict:
    contents, moved, at, before = snapshots(trace, level)
    return {
        "at": at,
        "rows": contents.shape[0],
        "columns": contents.shape[1],
        "held": coded(np.clip(contents / limit(contents), -1, 1) * 127),
        "moved": coded(np.clip(moved / limit(moved), -1, 1) * 127) if at > before and moved.any() else "",
    }


_lock = threading.Lock()
_kept: WeakKeyDictionary[object, dict] = WeakKeyDictionary()


def kept(trace: Trace, key: tuple, make: Callable[[], T]) -> T:
    """What was made of this log under this key, or is made now: whoever watches the same run gets the same pictures,
    and a memory stands still between two snapshots. Nobody may change what comes out."""
    with _lock:
        found = _kept.setdefault(trace.log, {})
        if key in found:
            return found[key]
    made = make()
    with _lock:
        while len(found) >= KEPT:
            del found[next(iter(found))]
        found[key] = made
    return made


def coded(values: np.ndarray) -> str:
    """Whole numbers -128 to 127 as base64."""
    return b64encode(np.nan_to_num(values).round().astype(np.int8).tobytes()).decode()
