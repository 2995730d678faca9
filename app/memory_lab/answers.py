"""What a memory answers to a question, how sure it is, and which token's write the answer comes from."""

from dataclasses import dataclass

import numpy as np
import pandas as pd

from ..language import tr
from ..theme import INK, NARROW, hue
from .lesson import Lesson, Run, choose, confidence, contributions, memory, strengths
from .panels import height as panels_height
from .panels import now, panels

BAR_PANEL = 100  # px


@dataclass(frozen=True)
class Answer:
    """One rule's answer to one question at one moment.

    parts  [step + 1] what each token's write gives to `strength`; the last is the start matrix. They sum to it.
    name   the names that it answers with: more than one in a tie, "" where it has no idea
    toward the name that `strength` and `parts` are measured on, also where it has no idea
    right  the value taught last under this key; "" where the question is no fact that was taught
    """

    rule: str
    name: str
    toward: str
    sure: float
    strength: float
    parts: np.ndarray
    right: str

    @property
    def best(self) -> int:
        """The token that gives most."""
        return int(self.parts.argmax())


def ask(lesson: Lesson, run: Run, step: int, question: str) -> Answer:
    """Ask one rule's memory, as it stands after `step` tokens."""
    q = lesson.question(question)
    found = strengths(lesson, memory(lesson, run, step) @ q)
    sure = confidence(found)
    chosen, best = choose(sure), int(sure.argmax())
    parts = contributions(lesson, run, step, q) @ lesson.vectors[best]
    known = [i for i, fact in enumerate(lesson.setting.facts) if fact.key == question]
    right = lesson.right(known[0], step) if known else ""
    name = tr(" or ").join(lesson.names[i] for i in chosen)
    return Answer(run.rule.name, name, lesson.names[best], float(sure[best]), float(found[best]), parts, right)


def token_name(lesson: Lesson, token: int, step: int) -> str:
    """A token in words; `step` stands for the matrix that the memory started from."""
    if token >= step:
        return tr("the start")
    fact, pair = int(lesson.fact[token]), " → ".join(lesson.pairs[token])
    if fact < 0:
        return tr("noise token {number} ({pair})", number=token + 1, pair=pair)
    return tr("fact {number} ({pair})", number=fact + 1, pair=pair)


def signed(value: float) -> str:
    """Two digits, with a real minus, and no sign on nothing."""
    return f"{round(float(value), 2) + 0.0:.2f}".replace("-", "−")


def mark(answer: Answer) -> str:
    """Right or wrong, where it can be said."""
    return "" if not answer.right else " ✓" if answer.right == answer.name else " ✗"


def headline(answer: Answer) -> str:
    """The answer in a few words."""
    return f"{answer.name or tr('no idea')}{mark(answer)} · {100 * answer.sure:.0f}{NARROW}%"


def sentence(lesson: Lesson, answer: Answer, step: int) -> str:
    """Where the answer comes from."""
    if step == 0 or abs(answer.parts).max() < 1e-9:
        return tr("Nothing is stored under this key.")
    best = answer.parts[answer.best]
    return tr(
        "{strength} of “{answer}” is read: {best} from {token}, {rest} from all others.",
        strength=signed(answer.strength),
        answer=answer.toward,
        best=signed(best),
        token=token_name(lesson, answer.best, step),
        rest=signed(answer.strength - best),
    )


def option(lesson: Lesson, answers: list[Answer], step: int) -> dict:
    """For every rule a bar a token: what its write gives to the answer. Facts in their colours, noise grey."""
    limit = max(0.1, max(float(abs(a.parts).max(initial=0)) for a in answers))
    titles = [
        tr("{rule}: toward “{answer}”, in all {strength:.2f}", rule=a.rule, answer=a.toward, strength=a.strength)
        for a in answers
    ]
    scale = {"min": -round(0.5 * limit, 2), "max": round(limit, 2), "splitNumber": 2}
    scale["axisLabel"] = {"showMinLabel": False}
    frame = panels(titles, BAR_PANEL, lesson.steps + 1, [scale] * len(answers), right=14)
    for x in frame["xAxis"]:
        x["axisLine"] = {"onZero": False, "show": bool(x["name"])}
    series = []
    for i, answer in enumerate(answers):
        data = [
            {
                "value": [t + 1, round(float(part), 4), token_name(lesson, t, step)],
                "itemStyle": {"color": hue(int(lesson.fact[t])) if lesson.fact[t] >= 0 else INK},
            }
            for t, part in enumerate(answer.parts[:-1])
            if abs(part) >= 5e-4
        ]
        series.append(
            {
                "type": "bar",
                "id": answer.rule,
                "xAxisIndex": i,
                "yAxisIndex": i,
                "data": data,
                "barWidth": 4 if lesson.steps > 60 else 8,
                "animation": False,
                "markLine": now(INK, step + 0.5),
            }
        )
    return {
        **frame,
        "animation": False,
        "series": series,
        "legend": {"show": False},
        "tooltip": {"trigger": "item", "confine": True, "formatter": "{@[2]}: {@[1]}"},
    }


def height(answers: list[Answer]) -> int:
    return panels_height(len(answers), BAR_PANEL)


def table(lesson: Lesson, answers: list[Answer], step: int) -> pd.DataFrame:
    """The same numbers: a row a token, a column a rule."""
    frame = pd.DataFrame({f"{tr(a.rule)}: {a.toward}": a.parts for a in answers})
    frame.insert(0, tr("token"), [token_name(lesson, t, step) for t in range(step + 1)])
    return frame
