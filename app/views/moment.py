"""The latest step in words and as equations, with the numbers that were recorded there."""

import numpy as np

from nested_core.trace import Trace

from ..language import plural, tr
from ..theme import arm_name, level_name, score
from .summary import join

# What a write is, by kind of level; {x} its clock, {y} the next faster one, {rate} and {kept} its own; words in text.
RULES = {
    "gradient": (
        r"\theta_{{{x}}} \leftarrow {kept}\theta_{{{x}}} - {rate}\,\mathrm{{{optimizer}}}(\nabla L),"
        r"\quad \lVert\nabla L\rVert = {surprise}"
    ),
    "initial state": (
        r"\theta_{{{x}}} \leftarrow {kept}\theta_{{{x}}} + {rate}\,(\theta_{{{y}}} - {kept}\theta_{{{x}}}),\quad "
        r"\theta_{{{y}}} \leftarrow \theta_{{{x}}},\quad \lVert\theta_{{{y}}} - \theta_{{{x}}}\rVert = {surprise}"
    ),
    "block": (
        r"W_{{{x}}} \leftarrow {kept}W_{{{x}}} - {rate}\,\Big(\sum_{{{window}}} \nabla L\Big) P_{{{x}}},"
        r"\quad \mathrm{{{error}}} = {surprise}"
    ),
    "in context": (
        r"M_t = M_{{t-1}}(\alpha_t I - \eta_t k_t k_t^\top) - \eta_t (M_{{t-1}} k_t - \hat v_t) k_t^\top"
        r"\quad\text{{{tokens}}}"
    ),
}


def writers(trace: Trace) -> list[int]:
    """Levels that wrote at the latest step."""
    return [int(i) for i in np.flatnonzero(trace["wrote"][-1])] if trace.steps else []


def percent(share: float) -> str:
    return f"{100 * share:.2g} %"


def sentence(trace: Trace) -> str:
    """Which levels wrote at the latest step, and how far each moved; "" before the first."""
    if not trace.steps:
        return ""
    wrote, change = writers(trace), trace["change"][-1]
    said = {"learner": arm_name(trace), "score": score(float(trace["online"][-1]), trace.unit)}
    if not wrote:
        return tr("**{learner}**: it predicted the batch at {score}; no level writes.", **said)
    names = [level_name(trace.levels[i]) for i in wrote]
    moved = [
        tr("{level} moves {part}", level=name, part=percent(float(change[i])))
        for i, name in zip(wrote, names, strict=True)
    ]
    return plural(
        "**{learner}**: it predicted the batch at {score}; {levels} writes; {moved} of its size.",
        "**{learner}**: it predicted the batch at {score}; {levels} write; {moved} of its size.",
        len(names), **said, levels=join(names), moved=join(moved),
    )  # fmt: skip


def plain(traces: list[Trace]) -> str:
    """The latest step of all learners, for somebody who cannot see the stage."""
    words = " ".join(filter(None, (sentence(trace) for trace in traces))).replace("**", "")
    if not words:
        return tr("The memories before the first step.")
    return tr("The memories at step {step}. {words}", step=traces[0].steps, words=words)


def in_force(trace: Trace) -> list[dict]:
    """The levels, as settings, that the latest step was made with; nothing for the memory in context."""
    config = trace.meta["config"]
    edits = [edit["levels"] for edit in config.get("edits", ()) if edit["step"] < trace.steps]
    levels = edits[-1] if edits else config["learner"].get("levels", ())
    held = [x for x in levels if isinstance(x, dict)]
    return [{}] * (len(trace.levels) - len(held)) + held


def equations(trace: Trace) -> list[str]:
    """One LaTeX line for each level that wrote at the latest step, with the values of that step."""
    learner, lines = trace.meta["config"]["learner"], []
    held = in_force(trace)
    for i in writers(trace):
        level = trace.levels[i]
        own = held[i]
        rule = RULES.get(level["kind"])
        if rule is None:
            continue
        faster = str(trace.levels[i - 1]["period"]) if i else ""
        kept = own.get("retention", 1)
        values = dict(
            x=level["period"], y=faster, rate=f"{own.get('rate', learner.get('rate', 0)):g}",
            kept="" if kept == 1 else f"{kept:g}\\,",
            optimizer={"sgd": "GD", "adam": "Adam"}.get(learner.get("optimizer"), tr("step")),
            surprise=f"{float(trace['surprise'][-1, i]):.3g}",
            window=tr("window"), error=tr("error"), tokens=tr("at each of its tokens"),
        )  # fmt: skip
        lines.append(rule.format(**values))
    return lines
