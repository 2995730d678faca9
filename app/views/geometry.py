"""Memories as points and spectra: where each level moved during the run, and how many directions it uses. Plotly."""

import numpy as np
import plotly.graph_objects as go

from nested_core.trace import Trace

from ..language import tr
from ..theme import HUES, arm_name, hue, level_name, task_name


def flat(trace: Trace, level: int) -> np.ndarray:
    """The snapshots of a level, one a row; those with numbers that are not finite are left out."""
    rows = trace["memory"][:, level].reshape(len(trace["memory"]), -1).astype(float)
    return rows[np.isfinite(rows).all(1)]


def plane(trace: Trace) -> tuple[list[np.ndarray], np.ndarray]:
    """Snapshots of all levels along the three directions in which they differ most, and the share of each direction."""
    rows = [flat(trace, level) for level in range(len(trace.levels))]
    joined = np.concatenate(rows)
    _, sizes, directions = np.linalg.svd(joined - joined.mean(0), full_matrices=False)
    share = sizes**2 / max(float((sizes**2).sum()), 1e-30)
    places = [(row - joined.mean(0)) @ directions[:3].T for row in rows]
    return [np.pad(place, ((0, 0), (0, 3 - place.shape[1]))) for place in places], share[:3]


def paths(trace: Trace) -> go.Figure:
    """The path of each level in these three directions; a dot wherever the task changes."""
    places, share = plane(trace)
    figure, steps = go.Figure(), trace["memory_step"]
    for i, (level, place) in enumerate(zip(trace.levels, places, strict=True)):
        told = [tr("step {step}", step=step) for step in steps[: len(place)]]
        x, y, z = place.T
        line = dict(color=HUES[i % len(HUES)], width=4)
        figure.add_scatter3d(x=x, y=y, z=z, mode="lines", line=line, name=level_name(level), text=told)
        for task, start, _ in trace.visits():
            k = min(int(np.searchsorted(steps, start - 1)), len(place) - 1)
            dot = dict(size=5, color=hue(task))
            at = dict(x=x[k : k + 1], y=y[k : k + 1], z=z[k : k + 1])
            words = tr("{level}: {task} begins", level=level_name(level), task=task_name(trace, task))
            figure.add_scatter3d(**at, mode="markers", marker=dot, showlegend=False, text=words, hoverinfo="text")
    axes = {f"{axis}axis": dict(title=name) for axis, name in zip("xyz", directions(share), strict=False)}
    return figure.update_layout(scene=axes, height=460, margin=dict(l=0, r=0, t=30, b=0), legend=dict(orientation="h"))


def directions(share: np.ndarray) -> list[str]:
    """Names of axes along which things differ most, with their shares of the whole."""
    return [tr("direction {number} ({part:.0f} %)", number=i, part=100 * part) for i, part in enumerate(share, 1)]


def spectrum(trace: Trace, level: int) -> np.ndarray:
    """Singular values of every snapshot of a level: [snapshots, values]."""
    kept = np.isfinite(trace["memory"][:, level]).all((1, 2))
    return np.linalg.svd(trace["memory"][kept, level].astype(float), compute_uv=False)


def rank(values: np.ndarray) -> float:
    """How many directions share the weight: the exponential of the entropy of their squared shares."""
    part = values**2 / max(float((values**2).sum()), 1e-30)
    return float(np.exp(-(part * np.log(np.maximum(part, 1e-30))).sum()))


def spectra(trace: Trace, level: int) -> go.Figure:
    """The singular values of a level over the run, as a surface."""
    values = spectrum(trace, level)
    steps = trace["memory_step"][: len(values)]
    surface = go.Surface(z=values, x=np.arange(1, values.shape[1] + 1), y=steps, colorscale="Cividis", showscale=False)
    names = {"x": tr("singular value"), "y": tr("step"), "z": tr("size")}
    axes = {f"{axis}axis": dict(title=name) for axis, name in names.items()}
    return go.Figure(surface).update_layout(scene=axes, height=460, margin=dict(l=0, r=0, t=10, b=0))


def sentence(trace: Trace, level: int) -> str:
    values = spectrum(trace, level)
    if not len(values):
        return tr("No snapshot of this memory holds finite numbers.")
    begin, end = trace["memory_step"][[0, len(values) - 1]]
    return tr(
        "{learner}, {level}: its weight is spread over {before:.1f} directions at step {begin} and over {after:.1f} at "
        "step {end}.",
        learner=arm_name(trace), level=level_name(trace.levels[level]), before=rank(values[0]), begin=begin,
        after=rank(values[-1]), end=end,
    )  # fmt: skip
