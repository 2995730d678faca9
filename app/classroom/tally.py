"""Answers and runs of a class -> numbers. Pure: what the pictures draw and what is said beside them."""

from collections.abc import Iterable, Mapping
from typing import Any

import numpy as np

from app.language import tr
from app.theme import learner_name
from nested_core.metrics import average_accuracy, bootstrap_interval
from nested_core.trace import Trace

from .activity import Question

POINTS = 60  # of a curve that is kept


def counts(question: Question, values: Iterable[int]) -> list[int]:
    """How many chose each option."""
    found = np.bincount(list(values), minlength=len(question.options)) if values else np.zeros(len(question.options))
    return [int(n) for n in found[: len(question.options)]]


def middle(curves: list[list[float]]) -> list[float]:
    """The median of sketched curves at each place."""
    return [round(float(x), 3) for x in np.median(np.array(curves), axis=0)] if curves else []


def scores(traces: list[Trace]) -> dict[str, Any]:
    """What is kept of a finished run: for each learner the score on the first task over the steps, and at the end the
    last task and the mean of all; in percent or bits per character."""
    steps = traces[0]["probe_step"]
    kept = np.unique(np.linspace(0, len(steps) - 1, min(POINTS, len(steps))).round().astype(int))
    scale = 1 if traces[0].lower_is_better else 100
    return {
        "unit": "bits" if traces[0].lower_is_better else "%",
        "tasks": traces[0].tasks,
        "changes": [end for _, _, end in traces[0].visits()][:-1],
        "steps": [int(step) for step in steps[kept]],
        "arms": {
            trace.meta["config"]["learner"]["name"]: {
                "first": [round(scale * float(x), 3) for x in trace["score"][kept, 0]],
                "last": round(scale * float(trace["score"][-1, -1]), 3),
                "final": round(scale * average_accuracy(trace.task_matrix()), 3),
            }
            for trace in traces
        },
    }


def pooled(runs: Mapping[Any, tuple[int, dict[str, Any]]] | Iterable[dict[str, Any]]) -> dict[str, Any] | None:
    """Many runs of one configuration as one: the mean of each curve with its interval; None without runs.

    Runs that differ from the first in steps or learners are left out: they are of another configuration.
    """
    found = [scores for _, scores in runs.values()] if isinstance(runs, Mapping) else list(runs)
    if not found:
        return None
    first = found[0]
    alike = [run for run in found if run["steps"] == first["steps"] and list(run["arms"]) == list(first["arms"])]
    arms = {}
    for name in first["arms"]:
        of = {what: np.array([run["arms"][name][what] for run in alike]) for what in ("first", "last", "final")}
        ends = {what: _whole(of[what]) for what in ("last", "final")}
        low, high = bootstrap_interval(of["first"])
        curve = {"mean": of["first"].mean(axis=0), "low": low, "high": high}
        arms[name] = {k: v.round(3).tolist() for k, v in curve.items()} | ends | {"finals": of["final"].tolist()}
    return {**{k: first[k] for k in ("unit", "tasks", "changes", "steps")}, "arms": arms, "runs": len(alike)}


def _whole(values: np.ndarray) -> list[float]:
    """Mean and ends of its interval."""
    return [round(float(x), 3) for x in (values.mean(), *bootstrap_interval(values))]


def number(x: float, unit: str) -> str:
    return f"{x:.0f}" if unit == "%" else f"{x:.2f}"


def told(values: list[float], pool: dict[str, Any]) -> str:
    """Mean and interval as people read them; of a single run there is no interval."""
    mean, low, high = (number(x, pool["unit"]) for x in values)
    return f"{mean} [{low}, {high}]" if pool["runs"] > 1 else mean


def end(arm: dict[str, Any]) -> list[float]:
    """The first task at the end: mean and interval."""
    return [arm[what][-1] for what in ("mean", "low", "high")]


def wins(pool: dict[str, Any]) -> str:
    """Which learner ended best in how many of the runs, by the mean of all tasks; "" for one learner."""
    finals = {name: np.array(arm["finals"]) for name, arm in pool["arms"].items()}
    if len(finals) < 2:
        return ""
    table = np.stack(list(finals.values()))
    best = table.argmin(axis=0) if pool["unit"] == "bits" else table.argmax(axis=0)
    order = np.bincount(best, minlength=len(finals))
    leader = int(order.argmax())
    name = list(finals)[leader]
    return tr(
        "Best at the end in {best} of {runs} runs: {learner}.",
        best=order[leader],
        runs=pool["runs"],
        learner=learner_name(name),
    )
