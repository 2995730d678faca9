"""The trained memory in pictures and words: pure functions of a reading."""

import numpy as np
import pandas as pd

from nested_core.phrase import phrase

from ..language import tr
from ..theme import INK, NARROW, dash, hue
from .answers import signed
from .facts import words
from .hope_questions import Read, Reading
from .panels import height as panels_height
from .panels import panels

PANEL = 84  # px
PANELS = (
    phrase("step size η that it chose for each token"),
    phrase("retention α that it chose"),
    phrase("what each token's write gives to what is read for the question"),
    phrase("probability of every fact's value, asked after each token"),
)


def answer(read: Read, reading: Reading) -> tuple[str, float]:
    """What it answers, and how surely."""
    best = int(reading.answers.argmax())
    values = read.names[1]
    return values[best] if best < len(values) else tr("a value it was never told"), float(reading.answers[best])


def right(read: Read) -> str:
    """The value told last under the question's key."""
    told = [f.value for f in read.facts if words(f.key) == words(read.question)]
    return told[-1] if told else ""


def headline(read: Read, reading: Reading) -> str:
    said, sure = answer(read, reading)
    mark = " ✓" if said == right(read) else " ✗"
    return f"{said}{mark} · {100 * sure:.0f}{NARROW}%"


def token_name(read: Read, reading: Reading, t: int) -> str:
    """A token, or the start, in words."""
    if t == len(reading.tokens):
        return tr("the learned start")
    fact, token = int(reading.fact[t]), dict(number=t + 1, text=reading.tokens[t])
    if fact < 0:
        return tr("token {number}, “{text}”", **token)
    return tr("token {number}, “{text}” of fact {fact}", fact=fact + 1, **token)


def sentence(read: Read, reading: Reading) -> str:
    """Where the answer comes from, and how it wrote."""
    best = int(reading.parts[:-1].argmax())
    told, noise = reading.fact >= 0, (reading.fact < 0) & (np.arange(len(reading.fact)) < len(reading.fact) - 1)
    values = told & np.append(reading.fact[1:] != reading.fact[:-1], True)  # the last token of a fact is its value
    came = tr(
        "Of {total} that is read, {part} was written by {token}, and {start} was there at the start.",
        total=signed(reading.read),
        part=signed(reading.parts[best]),
        token=token_name(read, reading, best),
        start=signed(reading.parts[-1]),
    )
    wrote = tr("It writes values with η {eta:.2f} on average.", eta=reading.eta[values].mean())
    if noise.any():
        wrote = tr(
            "It writes values with η {eta:.2f} and noise with {noise:.2f} on average.",
            eta=reading.eta[values].mean(),
            noise=reading.eta[noise].mean(),
        )
    return f"{came} {wrote}"


def option(read: Read, reading: Reading) -> dict:
    """Four panels over the tokens: both gates, the parts of the answer, and the recall of every fact."""
    count = len(reading.tokens)
    lowest = float(np.floor(20 * reading.keep.min()) / 20)
    size = float(max(abs(reading.parts[:-1]).max(), 0.05))
    ranges = ((0, float(np.ceil(10 * reading.eta.max()) / 10)), (min(lowest, 0.9), 1), (-size, size), (0, 1))
    last = len(PANELS) - 1
    scales = [
        {
            "min": round(low, 2),
            "max": round(high, 2),
            "splitNumber": 2,
            "axisLabel": {"showMinLabel": i == last, "showMaxLabel": i != 2},
        }
        for i, (low, high) in enumerate(ranges)
    ]
    frame, series = panels([tr(title) for title in PANELS], PANEL, count + 1, scales), []
    colours = [hue(int(fact)) if fact >= 0 else INK for fact in reading.fact]
    wide = 4 if count > 60 else 8
    for i, values in ((0, reading.eta), (2, reading.parts[:-1])):
        data = [
            {"value": [t + 1, round(float(v), 4), token_name(read, reading, t)], "itemStyle": {"color": colours[t]}}
            for t, v in enumerate(values)
        ]
        bar = {"type": "bar", "id": PANELS[i], "xAxisIndex": i, "yAxisIndex": i, "barWidth": wide, "animation": False}
        series.append({**bar, "data": data})
    line = {"type": "line", "showSymbol": False, "animation": False}
    kept = [[t + 1, round(float(a), 4)] for t, a in enumerate(reading.keep)]
    series.append({**line, "id": "keep", "xAxisIndex": 1, "yAxisIndex": 1, "data": kept, "color": INK})
    for f in range(len(read.facts)):
        told = int(np.flatnonzero(reading.fact == f)[0])
        recall = [
            [int(t), round(float(p), 3)] for t, p in zip(reading.steps, reading.recall[:, f], strict=True) if t >= told
        ]
        series.append(
            {
                **line,
                "id": f"fact {f}",
                "xAxisIndex": 3,
                "yAxisIndex": 3,
                "data": recall,
                "lineStyle": {"color": hue(f), "type": dash(f), "width": 2},
                "itemStyle": {"color": hue(f)},
                "endLabel": {"show": True, "formatter": str(f + 1), "color": hue(f), "fontSize": 12},
                "labelLayout": {"moveOverlap": "shiftY"},
            }
        )
    return {
        **frame,
        "animation": False,
        "series": series,
        "legend": {"show": False},
        "tooltip": {"trigger": "item", "confine": True, "formatter": "{@[2]}: {@[1]}"},
    }


def height() -> int:
    return panels_height(len(PANELS), PANEL)


def table(read: Read, reading: Reading) -> pd.DataFrame:
    """The same numbers: a row a token, and the start."""
    count = len(reading.tokens)
    return pd.DataFrame(
        {
            tr("token"): [token_name(read, reading, t) for t in range(count + 1)],
            tr("step size"): [*reading.eta, np.nan],
            tr("retention"): [*reading.keep, np.nan],
            tr("given to the answer"): reading.parts,
        }
    )
