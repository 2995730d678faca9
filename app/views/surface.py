"""The loss around the end of a run as a surface, with the path of each learner on its way there. Plotly.

Takes a `nested_core.surface.Surface`, whose numbers were computed from weights of the very run in view.
"""

import numpy as np
import pandas as pd
import plotly.graph_objects as go

from ..language import tr
from ..theme import HUES, learner_name
from .geometry import directions

ALL = -1  # stands for the mean over all tasks


def height(losses: np.ndarray, task: int) -> np.ndarray:
    """Losses [..., tasks] of one task, or their mean."""
    return losses.mean(-1) if task == ALL else losses[..., task]


def name(path) -> str:
    return learner_name(path.learner)


def figure(surface, task: int = ALL) -> go.Figure:
    """The surface on a scale of powers of ten, and for each learner its path: a ring where it began, a dot at its end.

    A path lies at its own loss, which is off the surface where its weights are off the plane.
    """
    found = np.maximum(height(surface.losses, task), 1e-12)
    drawn = go.Figure(
        go.Surface(
            x=surface.x, y=surface.y, z=np.log10(found), colorscale="Cividis", showscale=False, opacity=0.85,
            customdata=found, hovertemplate=f"{tr(surface.loss_name)} %{{customdata:.3g}}<extra></extra>",
        )
    )  # fmt: skip
    for i, path in enumerate(surface.paths):
        loss = np.maximum(height(path.losses, task), 1e-12)
        told = [
            tr("{learner}, step {step}: {loss:.3g}", learner=name(path), step=step, loss=value)
            for step, value in zip(path.steps, loss, strict=True)
        ]
        at = dict(x=path.places[:, 0], y=path.places[:, 1], z=np.log10(loss))
        colour = HUES[(1, 3)[i % 2]]
        drawn.add_scatter3d(
            **at, mode="lines", line=dict(color=colour, width=6), name=name(path), text=told, hoverinfo="text"
        )
        ends = {axis: values[[0, -1]] for axis, values in at.items()}
        marks = dict(size=6, color=colour, symbol=["circle-open", "circle"])
        drawn.add_scatter3d(
            **ends, mode="markers", marker=marks, showlegend=False, text=[told[0], told[-1]], hoverinfo="text"
        )
    powers = np.arange(np.floor(np.log10(found.min())), np.ceil(np.log10(found.max())) + 1)
    ticks = [v for p in powers for v in (10**p, 3 * 10**p)]
    names, loss = directions(surface.share), tr(surface.loss_name)
    x, y, z = (dict(title=dict(text=text, font=dict(size=11))) for text in (*names, loss))
    z |= dict(tickvals=np.log10(ticks), ticktext=[f"{v:g}" for v in ticks])
    scene = dict(camera=dict(eye=dict(x=1.7, y=1.7, z=1.1)), xaxis=x, yaxis=y, zaxis=z)
    return drawn.update_layout(scene=scene, height=520, margin=dict(l=0, r=0, t=30, b=0), legend=dict(orientation="h"))


def sentence(surface, task: int = ALL) -> str:
    """How much of the movement the plane holds, and from which loss to which each learner went."""
    went = []
    for path in surface.paths:
        loss = height(path.losses, task)
        went.append(
            tr("**{learner}** from {first:.3g} to {last:.3g}", learner=name(path), first=loss[0], last=loss[-1])
        )
    one, two = 100 * surface.share
    loss = tr(surface.loss_name)
    return tr(
        "The plane holds {held:.0f} % of the squared distance of the weights from their end ({one:.0f} % and "
        "{two:.0f} %). {loss} on held-out data, {of}: {went}.",
        held=one + two, one=one, two=two, loss=loss[0].upper() + loss[1:],
        of=tr("the mean over all tasks") if task == ALL else surface.tasks[task], went=", ".join(went),
    )  # fmt: skip


def table(surface) -> pd.DataFrame:
    """Every point of the paths and of the grid, with the loss of each task."""
    what = tr("what")
    parts = [
        pd.DataFrame(path.losses, columns=list(surface.tasks)).assign(
            **{what: name(path), tr("step"): path.steps}, x=path.places[:, 0], y=path.places[:, 1]
        )
        for path in surface.paths
    ]
    y, x = np.meshgrid(surface.y, surface.x, indexing="ij")
    flat = surface.losses.reshape(-1, len(surface.tasks))
    grid = pd.DataFrame(flat, columns=list(surface.tasks)).assign(**{what: tr("surface")}, x=x.ravel(), y=y.ravel())
    return pd.concat([*parts, grid])[[what, tr("step"), "x", "y", *surface.tasks]]
