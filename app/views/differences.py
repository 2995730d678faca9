"""Two runs side by side: what is different about their settings, and one picture on shared scales."""

from typing import Any

import pandas as pd

from nested_core.metrics import average_accuracy, forgetting
from nested_core.trace import Trace

from ..language import grouped, tr
from ..theme import arm_name, level_words, score, stream_name
from .bands import seen_means


def label(trace: Trace) -> str:
    """A run in a few words."""
    stream, seed = stream_name(trace.meta["config"]["stream"]["kind"]), trace.meta["seed"]
    names = {"learner": arm_name(trace), "stream": stream}
    return tr("{learner} · {stream} · seed {seed} · {steps} steps", **names, seed=seed, steps=trace.steps)


def flat(config: Any, name: str = "") -> dict[str, str]:
    """Every leaf of nested settings by its path, as text; texts by their length."""
    if isinstance(config, dict):
        return {k: v for key, part in config.items() for k, v in flat(part, f"{name}.{key}" if name else key).items()}
    if isinstance(config, list):
        if name.endswith("levels"):
            return {name: ", ".join(map(level_words, config))}
        return {k: v for i, part in enumerate(config) for k, v in flat(part, f"{name} {i + 1}").items()}
    text = str(config)
    return {name: text if len(text) <= 60 else tr("{count:,} characters", count=len(text))}


def differences(one: Trace, two: Trace) -> list[tuple[str, str, str]]:
    """(setting, value in one, value in two) wherever they differ."""
    a, b = (flat({**trace.meta["config"], "seed": trace.meta["seed"]}) for trace in (one, two))
    names = list(dict.fromkeys([*a, *b]))
    return [(n.split(".")[-1], a.get(n, "-"), b.get(n, "-")) for n in names if a.get(n) != b.get(n)]


def alike(one: Trace, two: Trace) -> str:
    """Why two runs cannot be drawn on one scale; "" if they can."""
    if one.unit != two.unit:
        return tr(
            "{one} is scored in {unit}, {two} in {other}; choose two runs of one kind.",
            one=label(one), unit=tr(one.unit), two=label(two), other=tr(two.unit),
        )  # fmt: skip
    return ""


def figures(traces: list[Trace]) -> pd.DataFrame:
    """What each run reached and what it cost: one row a quantity, one column a run."""
    columns, ends = {}, tr("not finished")
    for place, trace in zip("AB", traces, strict=False):
        R = trace.task_matrix() if trace.finished else None
        seen = seen_means(trace)
        columns[f"{place}: {label(trace)}"] = {
            tr("mean over tasks seen"): score(float(seen[-1]), trace.unit) if len(seen) else "-",
            tr("final mean of all tasks"): score(average_accuracy(R), trace.unit) if R is not None else ends,
            tr("forgetting"): score(forgetting(R, trace.lower_is_better), trace.unit) if R is not None else ends,
            tr("parameters"): grouped(trace.meta["parameters"]),
            tr("state of optimizers and memories"): grouped(trace.meta["state"]),
            tr("samples"): grouped(trace.steps * trace.meta["samples"]),
            tr("multiply-adds forward"): grouped(trace.steps * trace.meta["samples"] * trace.meta["multiply_adds"]),
            tr("writes"): grouped(int(trace["wrote"].sum())),
            tr("seconds"): f"{float(trace['seconds'][-1]):.1f}" if trace.steps else "0",
        }
    return pd.DataFrame(columns).rename_axis(tr("quantity")).reset_index()
