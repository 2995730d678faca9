"""What every level answers if asked alone, beside the learner as a whole, on the tasks seen so far."""

from html import escape

import numpy as np
import pandas as pd

from nested_core.trace import Trace

from ..language import tr
from ..theme import HUES, arm_name, bare, faded, level_name, task_name
from .curves import first_seen


def known(trace: Trace) -> bool:
    """Whether the levels of this learner were asked alone at all."""
    return len(trace.levels) > 1 and bool(np.isfinite(trace["level_score"]).any())


def latest(trace: Trace) -> tuple[list[str], np.ndarray, int]:
    """(row names, scores [row, task], step) of the last probe that asked the levels: each alone, then all together."""
    scores = trace["level_score"]
    probe = int(np.flatnonzero(np.isfinite(scores).any(axis=(1, 2)))[-1])
    asked = [i for i in range(len(trace.levels)) if np.isfinite(scores[probe, i]).any()]
    names = [level_name(trace.levels[i]) for i in asked] + [tr("together")]
    return names, np.vstack([scores[probe, asked], trace["score"][probe : probe + 1]]), int(trace["probe_step"][probe])


def table(trace: Trace) -> pd.DataFrame:
    """The same numbers: a row for each level, a column for each task seen."""
    names, scores, _ = latest(trace)
    seen = sorted(first_seen(trace))
    frame = pd.DataFrame(scores[:, seen], columns=[task_name(trace, t) for t in seen])
    frame.insert(0, tr("asked"), names)
    frame.insert(0, tr("learner"), arm_name(trace))
    return frame


def html(trace: Trace) -> str:
    """A small table of numbers, greener where the answer is better; text, so that everybody can read it."""
    names, scores, _ = latest(trace)
    seen = sorted(first_seen(trace))
    head = "".join(f"<th scope='col' title='{escape(task_name(trace, t))}'>{t + 1}</th>" for t in seen)
    rows = "".join(
        f"<tr><th scope='row'>{escape(name)}</th>"
        + "".join(
            f"<td style='background:{faded(HUES[2], shade(s[t], trace.unit))}'>{bare(s[t], trace.unit)}</td>"
            for t in seen
        )
        + "</tr>"
        for name, s in zip(names, scores, strict=True)
    )
    head = f"<tr><th scope='col'>{escape(tr('task'))}</th>{head}</tr>"
    return f"<table class='alone'><thead>{head}</thead><tbody>{rows}</tbody></table>"


def shade(value: float, unit: str) -> float:
    """How strongly a cell is coloured: 0 for the worst score, 0.5 for the best, so that text stays readable."""
    if not np.isfinite(value):
        return 0.0
    good = value if unit == "accuracy" else (6 - value) / 5
    return round(0.5 * float(np.clip(good, 0, 1)) ** 2, 3)
