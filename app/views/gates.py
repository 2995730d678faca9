"""Gates over time: the step size eta and the retention alpha that self-modifying memories give themselves.

One line for each layer and head, "1.2" for layer 1, head 2: the mean over the tokens of held-out text, in a band from
the 10 % to the 90 % quantile, at every probe of the run. Only Hope has such gates (Nested Learning, eqs. 86-88).
"""

import numpy as np
import pandas as pd

from nested_core.phrase import phrase
from nested_core.trace import Trace

from ..language import tr
from ..theme import DASHES, INK, arm_name, faded
from .curves import spread, thin

NAMES = {"eta": phrase("step size η"), "alpha": phrase("retention α")}
LABEL = 12  # px between two labels at the ends of lines
WITHOUT = phrase(
    "No gates to show: step size and retention are made by the self-modifying memory of Hope, and no learner in view "
    "has one. Choose a text stream."
)


def recorded(trace: Trace) -> bool:
    """Whether this learner has gates."""
    return trace["eta"].size > 0


def heads(trace: Trace) -> list[tuple[int, int]]:
    """(layer, head) of every line."""
    return list(np.ndindex(trace["eta"].shape[1:3]))


def table(trace: Trace) -> pd.DataFrame:
    """Every recorded gate: one row for each probe, layer and head."""
    rows = [
        (
            arm_name(trace),
            int(step),
            layer + 1,
            head + 1,
            *trace["eta"][i, layer, head],
            *trace["alpha"][i, layer, head],
        )
        for i, step in enumerate(trace["probe_step"])
        for layer, head in heads(trace)
    ]
    parts = [f"{gate} {part}" for gate in NAMES for part in (tr("mean"), "10 %", "90 %")]
    return pd.DataFrame(rows, columns=[tr("learner"), tr("step"), tr("layer"), tr("head"), *parts])


def sentence(traces: list[Trace]) -> str:
    """How the mean of both gates moved from the first probe to the last one; for each learner that has none, why."""
    having = [trace for trace in traces if recorded(trace)]
    if not having:
        return tr(WITHOUT)
    parts = []
    for trace in having:
        moved = {gate: _way(NAMES[gate], trace[gate][..., 0]) for gate in NAMES}
        parts.append(
            tr("**{learner}**: {eta} and {alpha}, means over layers and heads.", learner=arm_name(trace), **moved)
        )
    without = [arm_name(trace) for trace in traces if not recorded(trace)]
    parts += [tr("**{learner}** has no self-modifying memory, so no gates.", learner=name) for name in without]
    return " ".join(parts)


def _way(gate: str, means: np.ndarray) -> str:
    """A gate [probes, layers, heads] in words: where it began and where it is."""
    whole = means.reshape(len(means), -1)
    whole = whole[np.isfinite(whole).all(1)].mean(1)
    if not len(whole):
        return tr("{gate} unknown, as nothing finite was recorded", gate=gate)
    first, last = f"{whole[0]:.3f}", f"{whole[-1]:.3f}"
    if first == last:
        return tr("{gate} stays at {last}", gate=gate, last=last)
    return tr("{gate} went from {first} to {last}", gate=gate, first=first, last=last)


def y_range(traces: list[Trace], gate: str) -> tuple[float, float]:
    """One scale for all learners; eta from 0, since it could fall so far, alpha from the lowest tenth recorded."""
    lows = [trace[gate][..., 1] for trace in traces if recorded(trace)]
    found = np.concatenate([low[np.isfinite(low)] for low in lows])
    return (0.0 if gate == "eta" or not len(found) else min(float(np.floor(found.min() * 10) / 10), 0.9), 1.0)


def series(trace: Trace, panel: int, gate: str, height: float, low: float) -> list[dict]:
    """ECharts lines with bands for one gate of one learner, in a panel of `height` pixels from `low` to 1."""
    kept = thin(np.flatnonzero(np.isfinite(trace[gate]).all((1, 2, 3))))
    steps, found = trace["probe_step"][kept], []
    if not len(kept):
        return found
    places = {at: height * (1 - trace[gate][kept[-1], *at, 0]) / (1 - low) for at in heads(trace)}
    moved = spread(places, LABEL, 0, height)
    for i, (layer, head) in enumerate(heads(trace)):
        name = f"{tr(NAMES[gate])} {layer + 1}.{head + 1}"
        mean, bottom, top = trace[gate][kept, layer, head].T

        def line(values, steps=steps, **more):
            data = [[int(s), round(float(v), 4)] for s, v in zip(steps, values, strict=True)]
            axes = {"xAxisIndex": panel, "yAxisIndex": panel}
            return {"type": "line", "showSymbol": False, "animation": False, "data": data, **axes, **more}

        unseen = {"silent": True, "lineStyle": {"opacity": 0}, "stack": f"{panel} {i}", "tooltip": {"show": False}}
        found.append(line(bottom, id=f"low {panel} {i}", **unseen))
        shade = {"areaStyle": {"color": faded(INK, 0.12)}, "itemStyle": {"color": INK}}
        found.append(line(top - bottom, id=f"high {panel} {i}", **unseen, **shade))
        label = {
            "show": True, "formatter": f"{layer + 1}.{head + 1}: {mean[-1]:.2f}", "fontSize": 11, "distance": 6,
            "offset": [0, round(moved[layer, head] - places[layer, head], 1)],
        }  # fmt: skip
        style = {"color": INK, "width": 2, "type": DASHES[i % len(DASHES)]}
        found.append(
            line(mean, id=f"{gate} {panel} {i}", name=name, endLabel=label, lineStyle=style, itemStyle={"color": INK})
        )
    return found
