"""A lesson on paper: two pages for learners, and apart from it the teacher's notes with the answer key.

HTML with print style, no scripts, nothing loaded from elsewhere. The axes for the prediction are left empty on the
handout; the key shows what one run (the lesson's seed) measured.
"""

from html import escape

from .lesson import Lesson, Pick, Point, Question, Results, Sketch, Steps
from .picture import Figure, Series, tidy
from .plain import plain
from .record import results

STYLE = """
@page { size: A4; margin: 16mm 18mm; }
body { font: 10.5pt/1.45 "Source Sans 3", "Helvetica Neue", Arial, sans-serif; color: #111; max-width: 175mm;
  margin: 8mm auto; }
h1 { font-size: 17pt; margin: 0 0 1mm; } h2 { font-size: 12pt; margin: 5mm 0 1mm; }
p, ol, ul { margin: 1mm 0 2mm; } .idea { font-style: italic; } .small { font-size: 9pt; color: #444; }
.options { list-style: none; padding-left: 0; } .options li::before { content: "☐ "; }
.lines { border-bottom: 1px solid #999; height: 8mm; } .page { break-before: page; }
.right { font-weight: 600; } section { break-inside: avoid; } svg { max-width: 100%; }
"""
COLOURS = ("#0072B2", "#D55E00", "#009E73", "#C0609A")
DASHES = ("", "6 3", "2 3", "8 3 2 3")
WIDTH, HEIGHT, LEFT, RIGHT, TOP, BOTTOM = 620, 230, 50, 130, 24, 40


def handout(lesson: Lesson) -> str:
    """What learners get."""
    prediction = lesson.prediction
    parts = [
        _head(lesson),
        f"<h2>Read</h2><p>{_text(lesson.hook)}</p>",
        f"<h2>Predict, before anything runs</h2><p>{_text(prediction.text)}</p>{_blank(prediction)}",
        f"<h2>Run</h2><p>{_doing(lesson)}</p><p>Draw what was measured into the same picture, in another colour. "
        "How far away were you?</p>",
        "<h2 class='page'>Why?</h2>" + _asked(lesson.why),
        "<h2>Check</h2>" + "".join(map(_asked, lesson.checks)),
        f"<h2>Now you</h2><p>{_text(lesson.now_you)}</p>" + "<div class='lines'></div>" * 3,
        "<h2>In your own words, five lines</h2>" + "<div class='lines'></div>" * 5,
    ]
    return _page(f"Lesson {lesson.number}: {lesson.title}", "\n".join(parts))


def key(lesson: Lesson, found: Results | None = None) -> str:
    """What the teacher gets: notes, answers with feedback, what was measured and the ranges over ten seeds.

    found: what was recorded already; without it, the lesson is run here.
    """
    revealed = lesson.reveal(results(lesson) if found is None else found)
    claims = "".join(
        f"<li>{_text(c.sentence)}: {tidy(c.low)} to {tidy(c.high)} {escape(c.unit)}</li>" for c in lesson.claims
    )
    parts = [
        _head(lesson, "Teacher's notes and key"),
        "<h2>Notes</h2><ul>" + "".join(f"<li>{_text(x)}</li>" for x in lesson.teacher) + "</ul>",
        f"<h2>What was measured</h2><p>{_text(revealed.sentence)}</p>{svg(revealed.figure)}",
        f"<h2>Expected over ten seeds</h2><ul>{claims}</ul>",
        "<h2 class='page'>Answers</h2>" + "".join(_answered(q) for q in (lesson.why, *lesson.checks)),
        "<h2>In five lines</h2><ol>" + "".join(f"<li>{_text(x)}</li>" for x in lesson.summary) + "</ol>",
    ]
    return _page(f"Lesson {lesson.number}, key: {lesson.title}", "\n".join(parts))


def _page(title: str, body: str) -> str:
    return (
        f"<!doctype html>\n<html lang='en'><head><meta charset='utf-8'><title>{escape(title)}</title>"
        f"<style>{STYLE}</style></head><body>\n{body}\n</body></html>\n"
    )


def _head(lesson: Lesson, what: str = "Name: ______________________________") -> str:
    return (
        f"<h1>{lesson.number}. {escape(lesson.title)}</h1><p class='small'>{escape(what)}</p>"
        f"<p class='idea'>{_text(lesson.idea)}</p><p class='small'>{lesson.minutes} minutes. {escape(lesson.paper)}</p>"
    )


def _text(text: str) -> str:
    return escape(plain(text))


def _doing(lesson: Lesson) -> str:
    activity = lesson.activity
    if isinstance(activity, Steps):
        return f"Go through the steps with {escape(activity.knob)} at {escape(', '.join(activity.options))}."
    looks = dict.fromkeys(scene.look for scene in activity.scenes)  # said once for all scenes that share it
    return " ".join(
        f"{escape(', '.join(s.name for s in activity.scenes if s.look == look))}: {_text(look)}" for look in looks
    )


def _asked(question: Question) -> str:
    options = "".join(f"<li>{_text(option.text)}</li>" for option in question.options)
    return f"<section><p>{_text(question.text)}</p><ul class='options'>{options}</ul></section>"


def _answered(question: Question) -> str:
    rows = "".join(
        f"<li class='{'right' if o.right else ''}'>{'✓ ' if o.right else ''}{_text(o.text)} "
        f"<span class='small'>{_text(o.feedback)}</span></li>"
        for o in question.options
    )
    return f"<section><p>{_text(question.text)}</p><ul>{rows}</ul></section>"


def _blank(prediction: Pick | Point | Sketch) -> str:
    if isinstance(prediction, Pick):
        return "<ul class='options'>" + "".join(f"<li>{_text(o)}</li>" for o in prediction.options) + "</ul>"
    if isinstance(prediction, Point):
        return f"<p>{_text(prediction.label)} ({escape(prediction.unit)}): ____________</p>" + svg(
            Figure("", "step, or case", prediction.label, (), low=prediction.low, high=prediction.high)
        )
    places = Series("", prediction.xs, ())
    axes = Figure(
        "",
        prediction.x_label,
        f"{prediction.label} ({prediction.unit})",
        (places,),
        low=prediction.low,
        high=prediction.high,
    )
    return svg(axes)


def svg(figure: Figure) -> str:
    """Axes, lines or bars, and the name of each series at its end."""
    places = list(dict.fromkeys(x for s in figure.series for x in s.xs))
    numeric = bool(places) and all(not isinstance(x, str) for x in places) and figure.kind == "line"
    values = [y for s in figure.series for y in s.ys]
    low, high = min([figure.low, *values]), max([figure.high, *values])
    wide, tall = WIDTH - LEFT - RIGHT, HEIGHT - TOP - BOTTOM

    def across(x) -> float:
        if numeric:
            return LEFT + wide * (x - min(places)) / ((max(places) - min(places)) or 1)
        return LEFT + wide * (places.index(x) + 0.5) / len(places)

    def up(y: float) -> float:
        return TOP + tall * (high - y) / ((high - low) or 1)

    marks = [(x, across(x)) for x in (places[:: max(1, len(places) // 6)] if numeric else places)]
    parts = [f"<text x='{LEFT}' y='14' font-weight='600'>{escape(figure.title)}</text>"]
    parts += [
        f"<line x1='{LEFT}' x2='{LEFT + wide}' y1='{up(y):.1f}' y2='{up(y):.1f}' stroke='#ddd'/>"
        f"<text x='{LEFT - 6}' y='{up(y) + 4:.1f}' text-anchor='end'>{tidy(y)}</text>"
        for y in (low + (high - low) * i / 4 for i in range(5))
    ]
    parts += [f"<text x='{x:.1f}' y='{HEIGHT - 24}' text-anchor='middle'>{name}</text>" for name, x in marks]
    parts.append(f"<text x='{LEFT + wide / 2}' y='{HEIGHT - 6}' text-anchor='middle'>{escape(figure.x_label)}</text>")
    parts.append(
        f"<text transform='translate(12 {TOP + tall / 2}) rotate(-90)' text-anchor='middle'>"
        f"{escape(figure.y_label)}</text>"
    )
    lanes = max(1, len(figure.series))
    for i, series in enumerate(s for s in figure.series if s.ys):
        colour, points = COLOURS[i % 4], [(across(x), up(y)) for x, y in zip(series.xs, series.ys, strict=True)]
        if figure.kind == "bars":
            bar = 0.7 * wide / len(places) / lanes
            parts += [
                f"<rect x='{x + (i - lanes / 2) * bar:.1f}' y='{min(y, up(0)):.1f}' width='{bar:.1f}' "
                f"height='{abs(up(0) - y):.1f}' fill='{colour}'/>"
                for x, y in points
            ]
        else:
            path = " ".join(f"{x:.1f},{y:.1f}" for x, y in points)
            parts.append(
                f"<polyline points='{path}' fill='none' stroke='{colour}' stroke-width='2' "
                f"stroke-dasharray='{DASHES[i % 4]}'/>"
            )
        parts.append(
            f"<text x='{LEFT + wide + 8}' y='{TOP + 14 + 16 * i}' fill='{colour}'>{escape(series.name)}</text>"
        )
    label = escape(figure.words if values else f"Empty axes: {figure.y_label} over {figure.x_label}")
    return (
        f"<svg viewBox='0 0 {WIDTH} {HEIGHT}' width='{WIDTH}' font-size='11' role='img' aria-label='{label}'>"
        + "".join(parts)
        + "</svg>"
    )
