"""What a person takes home: the numbers as a table, a report, and a script that makes the same curves again.

All are made from the configs and traces in view; the app's own `.npz` files are in `files`.
"""

import io
import json
import zipfile

import pandas as pd

from nested_core.config import RunConfig, to_dict
from nested_core.phrase import phrase
from nested_core.trace import CHANNELS, Trace

from .language import language, tr
from .theme import ARM_NAMES, arm_name, hue, task_name
from .views import curves, summary

TITLE = phrase("Nested Learning Playground: report")
SCRIPT = '''"""{title}. Needs the package nested_core; writes curves.html."""
import json

import plotly.graph_objects as go

from nested_core.config import from_dict
from nested_core.run import run

CONFIGS = json.loads(r"""{configs}""")
figure = go.Figure()
for config in CONFIGS:
    trace = run(from_dict(config), seed={seed})
    name = config["learner"]["name"]
    for task, label in enumerate(trace.tasks):
        figure.add_scatter(x=trace["probe_step"], y=trace["score"][:, task], name=f"{{name}}: {{label}}")
figure.update_layout(xaxis_title="step", yaxis_title=trace.unit)
figure.write_html("curves.html")
'''


def script(configs: tuple[RunConfig, ...], seed: int) -> str:
    """A Python program that trains the same learners and draws their forgetting curves."""
    texts = json.dumps([to_dict(config) for config in configs])
    return SCRIPT.format(title="The comparison of a Nested Learning Playground link", configs=texts, seed=seed)


def frame(traces: list[Trace]) -> pd.DataFrame:
    """Every recorded number but memory snapshots and samples, a row each: learner, channel, step, level, task,
    layer, head and part (of a gate), value, unit. In English, whatever the language of the page."""
    parts = []
    for trace in traces:
        learner = trace.meta["config"]["learner"]["name"]
        axes = {"step": range(1, trace.steps + 1), "probe": trace["probe_step"]}
        _, layers, heads, _ = trace["eta"].shape
        names = {
            "level": [level["name"] for level in trace.levels], "task": trace.tasks, "part": ["mean", "10 %", "90 %"],
            "layer": range(1, layers + 1), "head": range(1, heads + 1),
        }  # fmt: skip
        for name, channel in CHANNELS.items():
            first = channel.dims[0]
            if first not in axes or name in ("probe_step", "sample") or not trace[name].size:
                continue
            found = {"step" if d in axes else d: list(axes[d] if d in axes else names[d]) for d in channel.dims}
            index = pd.MultiIndex.from_product(found.values(), names=list(found))
            table = pd.DataFrame({"value": trace[name].astype(float).ravel()}, index=index).reset_index()
            unit = trace.unit if channel.unit == "trace.unit" else channel.unit
            parts.append(table.assign(learner=str(ARM_NAMES.get(learner, learner)), channel=name, unit=unit))
    columns = ["learner", "channel", "step", "level", "task", "layer", "head", "part", "value", "unit"]
    return pd.concat(parts).reindex(columns=columns)


def csv(traces: list[Trace]) -> bytes:
    """`frame` as CSV in a zip file: the numbers of a long run are many."""
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("trace.csv", frame(traces).to_csv(index=False))
    return file.getvalue()


def parquet(traces: list[Trace]) -> bytes:
    file = io.BytesIO()
    frame(traces).to_parquet(file, index=False)
    return file.getvalue()


def report(traces: list[Trace], link: str) -> bytes:
    """One HTML page that needs nothing else: the result in words, the curves, what each learner cost, the configs."""
    import plotly.graph_objects as go

    figure = go.Figure()
    dashes = ("solid", "dash", "dot", "dashdot")
    for i, trace in enumerate(traces):
        for task in sorted(curves.first_seen(trace)):
            figure.add_scatter(
                x=trace["probe_step"],
                y=trace["score"][:, task],
                name=f"{arm_name(trace)}: {task + 1} {task_name(trace, task)}",
                line=dict(color=hue(task), dash=dashes[i % 4]),
            )
    titles = {"xaxis_title": tr("step"), "yaxis_title": tr(traces[0].unit)}
    figure.update_layout(template="plotly_white", **titles, height=560)
    words = summary.plain(summary.result(traces))
    costs = "".join(f"<li>{arm_name(trace)}: {summary.cost(trace)}</li>" for trace in traces)
    configs = json.dumps([dict(trace.meta["config"]) for trace in traces], indent=1)
    again = tr("Seed {seed}. The same run: {link}", seed=traces[0].meta["seed"], link=f'<a href="{link}">{link}</a>')
    return f"""<!doctype html><html lang="{language()}"><meta charset="utf-8"><title>{tr(TITLE)}</title>
<style>body {{ font: 16px/1.5 system-ui, sans-serif; max-width: 60rem; margin: 2rem auto; padding: 0 1rem; }}</style>
<h1>Nested Learning Playground</h1><p>{words}</p>
<p>{again}</p>
{figure.to_html(include_plotlyjs=True, full_html=False)}<h2>{tr("What it cost")}</h2><ul>{costs}</ul>
<h2>{tr("Settings")}</h2><pre>{configs.replace("<", "&lt;")}</pre></html>""".encode()
