"""What a demo leaves: tables in the terminal, JSON, an HTML plot, and traces that the app opens.

The JSON form: {"demo", "settings", "rows": [{arm, seed, metric, value, unit}], "claims": [{id, statement, measured,
ci95, n_seeds, verdict}], "sweep"}.
"""

import json
import math
import re
from pathlib import Path

import numpy as np
from rich.console import Console
from rich.table import Column, Table

from nested_core.trace import Trace

from .evidence import Claim, Row, interval, values
from .parallel import Job

COUNTS = ("numbers", "samples", "tokens", "multiply-adds")  # units without intervals
# Colour-blind safe (Okabe and Ito); each arm has a marker of its own too.
COLOURS = ("#0072B2", "#D55E00", "#009E73", "#CC79A7", "#E69F00", "#56B4E9", "#000000", "#999999")
MARKERS = ("circle", "square", "diamond", "triangle-up", "x", "star", "cross", "triangle-down")


def metrics(rows: list[Row]) -> list[tuple[str, str]]:
    """(metric, unit) of all rows, in order of appearance."""
    return list(dict.fromkeys((row.metric, row.unit) for row in rows))


def cell(rows: list[Row], arm: str, metric: str, unit: str) -> str:
    """Mean and 95 % interval over seeds, as text; "-" where the arm was not measured."""
    data = values(rows, arm, metric)
    if not len(data):
        return "-"
    if unit in COUNTS:
        return f"{data.mean():,.0f}" if data.mean() < 1e9 else f"{data.mean():.2e}"
    digits, ci = (1 if unit == "s" else 3), interval(data)
    return f"{data.mean():.{digits}f}" + (f" [{ci[0]:.{digits}f}, {ci[1]:.{digits}f}]" if ci else "")


def ci_text(claim: Claim) -> str:
    return "-" if claim.ci95 is None else f"[{claim.ci95[0]:.3f}, {claim.ci95[1]:.3f}]"


def show(rows: list[Row], claims: list[Claim], console: Console) -> None:
    """Print mean and 95 % interval of every metric for every arm, and the claims."""
    arms = list(dict.fromkeys(row.arm for row in rows))
    name = Column("metric", no_wrap=True)  # on a narrow terminal the others give way
    table = Table(name, *arms, "unit", title="mean [95 % interval] over seeds")
    for metric, unit in metrics(rows):
        table.add_row(metric, *(cell(rows, arm, metric, unit) for arm in arms), unit)
    console.print(table)
    table = Table("claim", "measured", "95 % interval", "seeds", "verdict")
    for c in claims:
        table.add_row(c.statement, f"{c.measured:.3f}", ci_text(c), str(c.n_seeds), c.verdict)
    console.print(table)


def save_json(path: str | Path, demo: str, settings: dict, rows: list[Row], claims: list[Claim], sweep: dict) -> None:
    """Write the JSON form; a number that is not defined becomes null."""

    def plain(value):
        return None if isinstance(value, float) and not math.isfinite(value) else value

    document = {
        "demo": demo,
        "settings": settings,
        "rows": [{k: plain(v) for k, v in vars(row).items()} for row in rows],
        "claims": [
            {**vars(c), "measured": plain(c.measured), "ci95": c.ci95 and list(c.ci95), "verdict": c.verdict}
            for c in claims
        ],
        "sweep": sweep,
    }
    Path(path).write_text(json.dumps(document, indent=1), encoding="utf-8")


def save_traces(folder: Path, jobs: list[Job], traces: list[Trace]) -> list[Path]:
    """One .npz file for each part and arm, at the first seed."""
    folder.mkdir(parents=True, exist_ok=True)
    first, files = min(job.seed for job in jobs), []
    for job, trace in zip(jobs, traces, strict=True):
        if job.seed == first:
            name = re.sub(r"[^A-Za-z0-9_.-]+", "-", f"{job.part}-{job.arm}-{job.seed}")
            files.append(folder / f"{name}.npz")
            trace.save(files[-1])
    return files


def save_plot(path: str | Path, title: str, rows: list[Row], pair: tuple[str, ...] = ()) -> None:
    """One self-contained HTML page: every part a panel, every arm a line over its tests with 95 % intervals.

    pair  two metrics: a first panel sets one against the other, a point for every arm
    """
    from plotly.subplots import make_subplots

    parts: dict[tuple[str, str], list[str]] = {}
    for metric, unit in metrics(rows):
        if unit not in COUNTS and unit != "s":
            parts.setdefault((metric.split(": ")[0], unit), []).append(metric)
    names = [" against ".join(pair[::-1])] * bool(pair) + [f"{part} ({unit})" for part, unit in parts]
    columns = min(2, len(names))
    figure = make_subplots(-(-len(names) // columns), columns, subplot_titles=names)
    places = [dict(row=i // columns + 1, col=i % columns + 1) for i in range(len(names))]
    for j, arm in enumerate(dict.fromkeys(row.arm for row in rows)):
        look = dict(name=arm, legendgroup=arm, marker=dict(color=COLOURS[j % 8], symbol=MARKERS[j % 8], size=8))
        if pair:
            x, y = (values(rows, arm, metric) for metric in pair)
            both = dict(mode="markers", error_x=bar([x]), error_y=bar([y]))
            figure.add_scatter(x=[x.mean()], y=[y.mean()], **both, **look, **places[0])
        for i, found in enumerate(parts.values(), bool(pair)):
            told = {m.split(": ")[-1]: v for m in found if len(v := values(rows, arm, m))}
            means, lines = [v.mean() for v in told.values()], dict(mode="lines+markers", showlegend=i == 0)
            figure.add_scatter(x=[*told], y=means, error_y=bar([*told.values()]), **lines, **look, **places[i])
    if pair:
        for axis, metric in zip((figure.update_xaxes, figure.update_yaxes), pair, strict=True):
            axis(title=metric, **places[0])
    figure.update_layout(title=title, template="plotly_white", height=380 * -(-len(names) // columns) + 80)
    figure.write_html(path, include_plotlyjs=True)


def bar(data: list[np.ndarray]) -> dict[str, list[float]]:
    """Plotly's error bar of the means over seeds: as far as their 95 % intervals reach."""
    spans = [(v.mean(), *(interval(v) or (v.mean(), v.mean()))) for v in data]
    return dict(array=[high - m for m, _, high in spans], arrayminus=[m - low for m, low, _ in spans])
