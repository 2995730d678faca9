"""The state of a comparison in words: the result so far, what it cost, and how often each level wrote."""

import math

import numpy as np

from nested_core.metrics import average_accuracy, forgetting
from nested_core.trace import Trace

from ..theme import arm_name, samples, score
from . import gates
from .curves import first_seen


def _join(parts: list[str]) -> str:
    return parts[0] if len(parts) == 1 else ", ".join(parts[:-1]) + " and " + parts[-1]


def seen_mean(trace: Trace) -> float:
    """Mean score at the last probe over the tasks seen so far; nan before the first."""
    seen = sorted(first_seen(trace))
    return float(trace["score"][-1, seen].mean()) if seen and len(trace["score"]) else float("nan")


def result(traces: list[Trace]) -> str:
    """One or two sentences with the numbers that matter now, and one for each learner that diverged."""
    return " ".join([_scores(traces), *(diverged(trace) for trace in traces if trace["diverged"].any())])


def _scores(traces: list[Trace]) -> str:
    trace = traces[0]
    seen, unit = sorted(first_seen(trace)), trace.unit
    better = " (lower is better)" if trace.lower_is_better else ""
    if not seen:
        return "Nothing learned yet."
    now = int(trace["task"][-1])
    if len(seen) == 1:
        parts = [f"**{arm_name(t)}** is at **{score(t['score'][-1, now], unit)}**" for t in traces]
        return f"Learning the first task, {trace.tasks[now]}: {_join(parts)}{better}."
    if trace.finished:
        parts = []
        for t in traces:
            R = t.task_matrix()
            parts.append(
                f"**{arm_name(t)}** ends at **{score(average_accuracy(R), unit)}** on average "
                f"and {_forgot(forgetting(R, t.lower_is_better), unit)}"
            )
        return f"After all {len(seen)} tasks: " + "; ".join(parts) + f"{better}."
    old = min(t for t in seen if t != now)
    kept = _join([f"**{arm_name(t)}** at **{score(t['score'][-1, old], unit)}**" for t in traces])
    mean = _join([f"{arm_name(t)} {score(seen_mean(t), unit)}" for t in traces])
    return (
        f"{len(seen)} tasks seen. Task {old + 1}, {trace.tasks[old]}, is remembered by {kept}{better}. "
        f"Mean over all seen: {mean}."
    )


def _forgot(value: float, unit: str) -> str:
    """Forgetting in words; what was not lost may have been gained."""
    if not math.isfinite(value):
        return "forgot an unknown amount"
    size = f"{abs(100 * value):.0f} points" if unit == "accuracy" else f"{abs(value):.2f} bits"
    if size in ("0 points", "0.00 bits"):
        return "forgot nothing"
    return f"forgot {size}" if value > 0 else f"gained {size} on old tasks"


def diverged(trace: Trace) -> str:
    """When and how often the learner wrote nothing, because its loss, a gradient or a memory was out of bounds."""
    steps = np.flatnonzero(trace["diverged"]) + 1
    times = f"{len(steps)} step" + "s" * (len(steps) > 1)
    return (
        f"**{arm_name(trace)}** diverged at step {steps[0]}: its loss or gradient was not finite, or a memory too "
        f"large, so nothing was written in {times}; lower its rate."
    )


def plain(text: str) -> str:
    """Without markdown, for screen readers."""
    return text.replace("**", "")


def cost(trace: Trace) -> str:
    """The fairness line of one learner: what it is made of and what it used."""
    meta, writes = trace.meta, int(trace["wrote"].sum())
    seconds = float(trace["seconds"][-1]) if trace.steps else 0.0
    return (
        f"{meta['parameters']:,} parameters, {meta['state']:,} numbers of optimizer and memory state, "
        f"{trace.steps * meta['samples']:,} {samples(trace.unit)}, {writes:,} updates, {seconds:.1f} s"
    )


def backend(traces: list[Trace]) -> str:
    """Which form of the recurrences computed the self-modifying memories, and why; "" where nobody has one."""
    used = sorted({tuple(trace.meta["backend"]) for trace in traces if trace.meta["backend"]})
    return _join([f"Self-modifying memory computed by {name}: {reason}." for name, reason in used]) if used else ""


def writes(trace: Trace) -> str:
    """How often each level wrote, counted from the recorded writes."""
    counts = trace["wrote"].sum(axis=0)
    parts = [
        f"{level['name']} wrote in {n} of {trace.steps} steps" for level, n in zip(trace.levels, counts, strict=True)
    ]
    return f"{arm_name(trace)}: {_join(parts)}"


def edits(trace: Trace) -> str:
    """What was changed during the run, and when; "" if nothing was."""
    config = trace.meta["config"]
    held, parts = config["learner"].get("levels", []), []
    for edit in config.get("edits", []):
        if edit["step"] <= trace.steps:
            words = _join([_change(a, b) for a, b in zip(held, edit["levels"], strict=True) if a != b] or ["nothing"])
            parts.append(f"after step {edit['step']}: {words}")
        held = edit["levels"]
    return f"**{arm_name(trace)}** was changed {'; '.join(parts)}." if parts else ""


def _change(old: dict, new: dict) -> str:
    """What is different about a level, as words."""
    numbers = ("period", "rate", "retention")
    words = [f"{name} {old[name]:g} → {new[name]:g}" for name in numbers if old[name] != new[name]]
    if old["paused"] != new["paused"]:
        words.append("paused" if new["paused"] else "goes on")
    return f"every {old['period']} {', '.join(words)}"


def alt_timeline(traces: list[Trace]) -> str:
    """The timeline for somebody who cannot see it."""
    return (
        "Forgetting curves and update raster. "
        + plain(result(traces))
        + " "
        + ". ".join(writes(t) for t in traces)
        + "."
        + (" " + plain(gates.sentence(traces)) if any(map(gates.recorded, traces)) else "")
    )


def alt_memory(trace: Trace, level: int, sentence: str) -> str:
    return f"Heat map of the memory {trace.levels[level]['name']} of {arm_name(trace)}. {sentence}"
