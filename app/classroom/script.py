"""The one page a teacher prints: what to do when, what to expect, what will be answered and what to reply."""

from html import escape

from app.language import speaking, tr
from lessons.plain import plain

from . import recorded
from .activity import Activity

STYLE = (
    "body{font:11pt/1.35 sans-serif;max-width:48rem;margin:1.5rem auto;padding:0 1rem}h1{font-size:17pt;margin:0}"
    "h2{font-size:12pt;margin:0.9rem 0 0.2rem}p,li{margin:0.15rem 0}@page{margin:14mm}"
)


def _parts(activity: Activity) -> list[tuple[str, list[str]]]:
    """(heading, lines) of the script, in plain words."""
    steps = [
        tr("Step {i}, {title}: {notes}", i=i, title=step.title, notes=plain(step.notes))
        for i, step in enumerate(activity.steps, 1)
    ]
    expected = [f"{link}: {recorded.sentence(pool)}" for link in activity.links if (pool := recorded.find(link))]
    expected += [activity.cited] if activity.cited else []
    right = [
        plain(
            tr(
                "{prompt} Right: {right}. {outcome}",
                prompt=q.prompt,
                right=(q.options[int(q.answer)] if q.options else f"{q.answer:g}").rstrip("."),
                outcome=q.outcome,
            )
        )
        for q in activity.questions
        if q.answer is not None
    ]
    wrong = [plain(tr("“{thought}” Reply: {reply}", thought=thought, reply=reply)) for thought, reply in activity.wrong]
    found = [
        (tr("Steps"), steps),
        (tr("Expect"), expected),
        (tr("Answers"), right),
        (tr("Likely wrong answers"), wrong),
    ]
    return [(heading, lines) for heading, lines in found if lines]


def markdown(activity: Activity) -> str:
    lines = [activity.idea]
    for heading, found in _parts(activity):
        lines += ["", f"**{heading}**", "", *(f"- {line.replace('*', chr(92) + '*')}" for line in found)]
    return "\n".join(lines)


def html(activity: Activity, name: str = "en") -> str:
    """A page of its own, for the printer. name: the language of the tab, which is gone when the page is made."""
    with speaking(name):
        found = _parts(activity)
        title = tr("{title} ({minutes} min)", title=activity.title, minutes=activity.minutes)
    parts = "".join(
        f"<h2>{escape(heading)}</h2><ul>{''.join(f'<li>{escape(line)}</li>' for line in lines)}</ul>"
        for heading, lines in found
    )
    return (
        f'<!doctype html><html lang="{name}"><meta charset="utf-8"><title>{escape(activity.title)}</title>'
        f"<style>{STYLE}</style><h1>{escape(title)}</h1><p>{escape(activity.idea)}</p>{parts}</html>"
    )
