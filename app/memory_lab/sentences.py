"""One write in words and as an equation, with the numbers it had."""

from ..language import tr
from ..theme import NARROW
from .lesson import Lesson, Run, memory


def percent(share: float) -> str:
    return f"{100 * share:.2g}{NARROW}%"


def token(lesson: Lesson, step: int) -> str:
    """Which token was just read: one line above all rules."""
    if step == 0:
        return tr("Token 0 of {total}: nothing was read yet.", total=lesson.steps)
    key, value = lesson.pairs[step - 1]
    fact, seen = int(lesson.fact[step - 1]), dict(at=step, total=lesson.steps, key=key, value=value)
    if fact < 0:
        return tr("Token {at} of {total}: noise goes by, “{value}” onto “{key}”.", **seen)
    return tr("Token {at} of {total}: fact {fact} is written, “{value}” onto “{key}”.", fact=fact + 1, **seen)


def write(lesson: Lesson, run: Run, step: int) -> str:
    """What this rule did with it."""
    if step == 0:
        return tr("Nothing written yet.")
    before, after = run.error[step - 1]
    share = percent(float(run.moved[step - 1]))
    return tr("Error {before:.2f} → {after:.2f}, moves {share} of the memory.", before=before, after=after, share=share)


def equation(lesson: Lesson, run: Run, step: int) -> str:
    """The write as LaTeX with its values; "" before the first."""
    if step == 0:
        return ""
    made, eta = run.writes[step - 1], float(lesson.eta[step - 1])
    generated = run.rule.name == "self-modifying"
    added = rf"{eta / 2:.3g}\,\hat v\,k^\top,\ \hat v = M v" if generated else rf"{eta:.3g}\,v\,k^\top"
    erased = "" if made.erase == 0 else rf" - {made.erase:.3g}\,(M k)\,k^\top"
    kept = "M" if made.keep == 1 else rf"{made.keep:.4g}\,M"
    return rf"M \leftarrow {kept}{erased} + {added}"


def values(lesson: Lesson, run: Run, step: int) -> str:
    """The sizes of what stands in the equation."""
    if step == 0:
        return ""
    k, M, made = lesson.keys[step - 1], memory(lesson, run, step - 1), run.writes[step - 1]
    norm = lambda x: float((x**2).sum() ** 0.5)  # noqa: E731
    return (
        rf"\lVert M k\rVert = {norm(M @ k):.3f},\quad \lVert u\rVert = {norm(made.u):.3f},\quad "
        rf"\lVert M\rVert = {run.size[step - 1]:.2f} \to {run.size[step]:.2f}"
    )
