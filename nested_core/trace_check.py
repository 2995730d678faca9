"""Whether a file holds a trace: every field of the meta that readers rely on, and arrays that fit each other."""

import math
from collections.abc import Callable
from typing import Any

import numpy as np


def _text(value: Any) -> bool:
    return isinstance(value, str) and len(value) <= 4_000


def _texts(value: Any) -> bool:
    return isinstance(value, list) and all(map(_text, value))


def _count(value: Any) -> bool:
    return isinstance(value, int) and not isinstance(value, bool) and 0 <= value < 2**63


def _number(value: Any) -> bool:
    return _count(value) or (isinstance(value, float) and math.isfinite(value) and value >= 0)


def _levels(value: Any) -> bool:
    return isinstance(value, list) and 0 < len(value) <= 64 and all(map(_level, value))


def _level(value: Any) -> bool:
    return (
        isinstance(value, dict)
        and all(_text(value.get(name)) for name in ("name", "kind"))
        and value.get("per") in ("step", "token")
        and _count(value.get("period"))
        and value["period"] > 0
    )


def _config(value: Any) -> bool:
    """The config of a run; or, of an experiment with a learner of its own, that learner and its stream in few words."""
    if not (isinstance(value, dict) and all(isinstance(value.get(part), dict) for part in ("learner", "stream"))):
        return False
    learner, stream = value["learner"], value["stream"]
    levels, edits = learner.get("levels", []), value.get("edits", [])
    others = [x for part in (learner, stream) for name, x in part.items() if name != "levels"]
    return (
        _text(learner.get("name"))
        and _number(learner.get("rate", 0))
        and _text(learner.get("optimizer", ""))
        and all(map(_plain, others))
        and _settings(levels)
        and isinstance(edits, list)
        and all(
            isinstance(edit, dict)
            and _count(edit.get("step"))
            and _settings(edit.get("levels"))
            and len(edit["levels"]) == len(levels)
            for edit in edits
        )
    )


def _settings(value: Any) -> bool:
    """Levels as a person sets them."""
    return isinstance(value, list) and all(
        isinstance(level, dict)
        and _count(level.get("period"))
        and all(_number(level.get(name, 1)) for name in ("rate", "retention"))
        for level in value
    )


def _plain(value: Any) -> bool:
    """A setting: one value, or a list of them."""
    if isinstance(value, list):
        return all(map(_plain, value))
    return value is None or isinstance(value, bool | str) or _number(value) or isinstance(value, float)


FIELDS: dict[str, Callable[[Any], bool]] = {
    "config": _config,
    "seed": _count,
    "steps": _count,
    "tasks": lambda value: _texts(value) and 0 < len(value) <= 1_000,
    "levels": _levels,
    "unit": _text,
    "parameters": _number,
    "state": _number,
    "samples": _number,
    "multiply_adds": _number,
    "memory": _text,
    "backend": lambda value: value is None or (_texts(value) and len(value) == 2),
    "alphabet": lambda value: value is None or ((_text(value) or _texts(value)) and len(value) > 0),
}
OPTIONAL = ("alphabet",)
TOGETHER = {  # channels without which the first has no meaning
    "task": ("online", "seconds", "wrote", "change", "surprise", "diverged"),
    "probe_step": ("score", "level_score"),
    "memory_step": ("memory",),
}


def problem(meta: dict[str, Any], arrays: dict[str, np.ndarray], dims: dict[str, tuple[str, ...]]) -> str:
    """What is wrong, in words that end a sentence; "" if nothing is. dims: of every channel, as in CHANNELS."""
    for name, fits in FIELDS.items():
        if name not in meta and name in OPTIONAL:
            continue
        if not fits(meta.get(name)):
            return f"its field {name} cannot be used"
    sizes = {"level": len(meta["levels"]), "task": len(meta["tasks"])}
    for name, array in arrays.items():
        if array.dtype.kind not in "biuf" or array.ndim != len(dims[name]):
            return f"its channel {name} is of another kind"
        if not array.shape[0]:  # nothing was recorded
            continue
        for dim, size in zip(dims[name], array.shape, strict=True):
            if dim not in ("row", "column", "part", "layer", "head") and sizes.setdefault(dim, size) != size:
                return f"its channel {name} is longer or shorter than the others"
    for first, others in TOGETHER.items():
        for name in others:
            if len(arrays[name]) != len(arrays[first]):
                return f"its channel {name} is longer or shorter than {first}"
    return _values(meta, arrays)


def _values(meta: dict[str, Any], arrays: dict[str, np.ndarray]) -> str:
    """The same of numbers that count something."""
    steps, tasks = len(arrays["task"]), len(meta["tasks"])
    if steps > meta["steps"]:
        return "it has more steps than were planned"
    if steps and not (arrays["task"].min() >= 0 and arrays["task"].max() < tasks):
        return "its channel task names tasks that it does not have"
    for name in ("probe_step", "memory_step"):
        at = arrays[name]
        if len(at) and (at.min() < 0 or at.max() > steps or (np.diff(at) < 0).any()):
            return f"its channel {name} is not in order"
    if meta.get("alphabet") is not None:
        for name in ("sample", "truth", "guess"):
            if arrays[name].size and arrays[name].max() >= len(meta["alphabet"]):
                return f"its channel {name} has symbols beyond its alphabet"
    return ""
