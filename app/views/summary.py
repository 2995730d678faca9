"""The state of a comparison in words: the result so far, what it cost, and how often each level wrote."""

import math

import numpy as np

from nested_core.metrics import average_accuracy, forgetting
from nested_core.phrase import phrase
from nested_core.trace import Trace

from ..language import plural, tr
from ..theme import arm_name, every, level_name, samples, score, task_name
from . import gates
from .curves import first_seen

SETTINGS = {"period": phrase("period"), "rate": phrase("rate"), "retention": phrase("retention")}


def join(parts: list[str]) -> str:
    return parts[0] if len(parts) == 1 else tr("{most} and {last}", most=", ".join(parts[:-1]), last=parts[-1])


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
    if not seen:
        return tr("Nothing learned yet.")
    now = int(trace["task"][-1])
    if len(seen) == 1:
        parts = [
            tr("**{learner}** is at **{score}**", learner=arm_name(t), score=score(t["score"][-1, now], unit))
            for t in traces
        ]
        told = _better(join(parts), trace)
        return tr("Learning the first task, {task}: {scores}.", task=task_name(trace, now), scores=told)
    if trace.finished:
        told = _better("; ".join(map(_end, traces)), trace)
        return tr("After all {count} tasks: {scores}.", count=len(seen), scores=told)
    old = min(t for t in seen if t != now)
    kept = [
        tr("**{learner}** at **{score}**", learner=arm_name(t), score=score(t["score"][-1, old], unit)) for t in traces
    ]
    return tr(
        "{count} tasks seen. Task {number}, {task}, is remembered by {scores}. Mean over all seen: {mean}.",
        count=len(seen), number=old + 1, task=task_name(trace, old), scores=_better(join(kept), trace),
        mean=join([f"{arm_name(t)} {score(seen_mean(t), unit)}" for t in traces]),
    )  # fmt: skip


def _better(scores: str, trace: Trace) -> str:
    """Scores in words, and which way they are better where that is not plain."""
    return tr("{scores} (lower is better)", scores=scores) if trace.lower_is_better else scores


def _end(trace: Trace) -> str:
    """How a learner ends."""
    R, unit = trace.task_matrix(), trace.unit
    return tr(
        "**{learner}** ends at **{score}** on average and {forgot}",
        learner=arm_name(trace), score=score(average_accuracy(R), unit),
        forgot=_forgot(forgetting(R, trace.lower_is_better), unit),
    )  # fmt: skip


def _forgot(value: float, unit: str) -> str:
    """Forgetting in words; what was not lost may have been gained."""
    if not math.isfinite(value):
        return tr("forgot an unknown amount")
    number = f"{abs(100 * value):.0f}" if unit == "accuracy" else f"{abs(value):.2f}"
    if float(number) == 0:
        return tr("forgot nothing")
    size = tr("{number} points", number=number) if unit == "accuracy" else tr("{number} bits", number=number)
    return tr("forgot {size}", size=size) if value > 0 else tr("gained {size} on old tasks", size=size)


def diverged(trace: Trace) -> str:
    """When and how often the learner wrote nothing, because its loss, a gradient or a memory was out of bounds."""
    steps = np.flatnonzero(trace["diverged"]) + 1
    return plural(
        "**{learner}** diverged at step {step}: its loss or gradient was not finite, or a memory too large, so nothing "
        "was written in {n} step; lower its rate.",
        "**{learner}** diverged at step {step}: its loss or gradient was not finite, or a memory too large, so nothing "
        "was written in {n} steps; lower its rate.",
        len(steps), learner=arm_name(trace), step=steps[0],
    )  # fmt: skip


def plain(text: str) -> str:
    """Without markdown, for screen readers."""
    return text.replace("**", "")


def cost(trace: Trace) -> str:
    """The fairness line of one learner: what it is made of and what it used."""
    meta = trace.meta
    return tr(
        "{parameters:,} parameters, {state:,} numbers of optimizer and memory state, {count:,} {samples}, "
        "{updates:,} updates, {seconds:.1f} s",
        parameters=meta["parameters"], state=meta["state"], count=trace.steps * meta["samples"],
        samples=samples(trace.unit), updates=int(trace["wrote"].sum()),
        seconds=float(trace["seconds"][-1]) if trace.steps else 0.0,
    )  # fmt: skip


def backend(traces: list[Trace]) -> str:
    """Which form of the recurrences computed the self-modifying memories, and why; "" where nobody has one."""
    used = sorted({tuple(trace.meta["backend"]) for trace in traces if trace.meta["backend"]})
    told = [
        tr("Self-modifying memory computed by {name}: {reason}.", name=name, reason=tr(reason)) for name, reason in used
    ]
    return join(told) if told else ""


def writes(trace: Trace) -> str:
    """How often each level wrote, counted from the recorded writes."""
    counts = trace["wrote"].sum(axis=0)
    parts = [
        tr("{level} wrote in {count} of {steps} steps", level=level_name(level), count=count, steps=trace.steps)
        for level, count in zip(trace.levels, counts, strict=True)
    ]
    return f"{arm_name(trace)}: {join(parts)}"


def edits(trace: Trace) -> str:
    """What was changed during the run, and when; "" if nothing was."""
    config = trace.meta["config"]
    held, parts = config["learner"].get("levels", []), []
    for edit in config.get("edits", []):
        if edit["step"] <= trace.steps:
            changes = [_change(a, b) for a, b in zip(held, edit["levels"], strict=True) if a != b]
            words = join(changes or [tr("nothing")])
            parts.append(tr("after step {step}: {changes}", step=edit["step"], changes=words))
        held = edit["levels"]
    if not parts:
        return ""
    return tr("**{learner}** was changed {changes}.", learner=arm_name(trace), changes="; ".join(parts))


def _change(old: dict, new: dict) -> str:
    """What is different about a level, as words."""
    words = [f"{tr(said)} {old[name]:g} → {new[name]:g}" for name, said in SETTINGS.items() if old[name] != new[name]]
    if old["paused"] != new["paused"]:
        words.append(tr("paused") if new["paused"] else tr("goes on"))
    return f"{every(old['period'])} {', '.join(words)}"


def alt_timeline(traces: list[Trace]) -> str:
    """The timeline for somebody who cannot see it."""
    told = [tr("Forgetting curves and update raster."), plain(result(traces)), *(f"{writes(t)}." for t in traces)]
    return " ".join([*told, *([plain(gates.sentence(traces))] if any(map(gates.recorded, traces)) else [])])


def alt_memory(trace: Trace, level: int, sentence: str) -> str:
    which = {"level": level_name(trace.levels[level]), "learner": arm_name(trace)}
    return tr("Heat map of the memory {level} of {learner}. {sentence}", **which, sentence=sentence)
