"""A lesson on paper: two pages for learners, and apart from it the teacher's notes with the answer key.

HTML with print style, no scripts, nothing loaded from elsewhere. The axes for the prediction are left empty on the
handout; the key shows what one run (the lesson's seed) measured. Who asks for a paper says its words.
"""

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from html import escape

from nested_core.phrase import Phrase, phrase

from .lesson import Claim, Lesson, Pick, Point, Question, Results, Revealed, Steps
from .picture import Figure, Series, spoken, tidy
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
Say = Callable[[str], str]  # a text in the reader's language
WIDTH, HEIGHT, LEFT, RIGHT, TOP, BOTTOM = 620, 230, 50, 130, 24, 40


def handout(lesson: Lesson, say: Say = str, language: str = "en") -> str:
    """What learners get, in the language that `say` says it in."""
    return _Paper(lesson, say, language).handout()


def key(lesson: Lesson, found: Results | None = None, say: Say = str, language: str = "en") -> str:
    """What the teacher gets: notes, answers with feedback, what was measured and the ranges over ten seeds.

    found: what was recorded already; without it, the lesson is run here.
    """
    revealed = lesson.reveal(results(lesson) if found is None else found)
    return _Paper(lesson, say, language).key(revealed)


@dataclass(frozen=True)
class _Paper:
    """One lesson in one language."""

    lesson: Lesson
    say: Say
    language: str

    def handout(self) -> str:
        lesson, say, text = self.lesson, self.say, self.text
        draw = say("Draw what was measured into the same picture, in another colour. How far away were you?")
        parts = [
            self.head(say("Name: ______________________________")),
            f"<h2>{say('Read')}</h2><p>{text(lesson.hook)}</p>",
            f"<h2>{say('Predict, before anything runs')}</h2><p>{text(lesson.prediction.text)}</p>{self.blank()}",
            f"<h2>{say('Run')}</h2><p>{self.doing()}</p><p>{draw}</p>",
            f"<h2 class='page'>{say('Why?')}</h2>{self.asked(lesson.why)}",
            f"<h2>{say('Check')}</h2>" + "".join(map(self.asked, lesson.checks)),
            f"<h2>{say('Now you')}</h2><p>{text(lesson.now_you)}</p>" + "<div class='lines'></div>" * 3,
            f"<h2>{say('In your own words, five lines')}</h2>" + "<div class='lines'></div>" * 5,
        ]
        title = phrase("Lesson {number}: {title}", number=lesson.number, title=say(lesson.title))
        return self.page(say(title), "\n".join(parts))

    def key(self, revealed: Revealed) -> str:
        lesson, say, text = self.lesson, self.say, self.text
        parts = [
            self.head(say("Teacher's notes and key")),
            f"<h2>{say('Notes')}</h2><ul>{self.items(lesson.teacher)}</ul>",
            f"<h2>{say('What was measured')}</h2><p>{text(revealed.sentence)}</p>{svg(revealed.figure, say)}",
            f"<h2>{say('Expected over ten seeds')}</h2><ul>{self.items(map(self.claimed, lesson.claims))}</ul>",
            f"<h2 class='page'>{say('Answers')}</h2>" + "".join(map(self.answered, (lesson.why, *lesson.checks))),
            f"<h2>{say('In five lines')}</h2><ol>{self.items(lesson.summary)}</ol>",
        ]
        title = phrase("Lesson {number}, key: {title}", number=lesson.number, title=say(lesson.title))
        return self.page(say(title), "\n".join(parts))

    def page(self, title: str, body: str) -> str:
        return (
            f"<!doctype html>\n<html lang='{self.language}'><head><meta charset='utf-8'><title>{escape(title)}</title>"
            f"<style>{STYLE}</style></head><body>\n{body}\n</body></html>\n"
        )

    def head(self, what: str) -> str:
        lesson, say = self.lesson, self.say
        source = phrase("{minutes} minutes. {paper}", minutes=lesson.minutes, paper=say(lesson.paper))
        return (
            f"<h1>{lesson.number}. {escape(say(lesson.title))}</h1><p class='small'>{escape(what)}</p>"
            f"<p class='idea'>{self.text(lesson.idea)}</p><p class='small'>{escape(say(source))}</p>"
        )

    def text(self, text: str) -> str:
        return escape(plain(self.say(text)))

    def items(self, texts: Iterable[str]) -> str:
        return "".join(f"<li>{self.text(text)}</li>" for text in texts)

    def claimed(self, claim: Claim) -> Phrase:
        words = dict(claim=self.say(claim.sentence), low=tidy(claim.low), high=tidy(claim.high))
        return phrase("{claim}: {low} to {high} {unit}", unit=self.say(claim.unit), **words)

    def doing(self) -> str:
        activity, say = self.lesson.activity, self.say
        if isinstance(activity, Steps):
            options = ", ".join(map(say, activity.options))
            go = phrase("Go through the steps with {knob} at {options}.", knob=say(activity.knob), options=options)
            return escape(say(go))
        looks = dict.fromkeys(scene.look for scene in activity.scenes)  # said once for all scenes that share it
        named = {look: ", ".join(say(scene.name) for scene in activity.scenes if scene.look == look) for look in looks}
        return " ".join(f"{escape(names)}: {self.text(look)}" for look, names in named.items())

    def asked(self, question: Question) -> str:
        options = self.items(option.text for option in question.options)
        return f"<section><p>{self.text(question.text)}</p><ul class='options'>{options}</ul></section>"

    def answered(self, question: Question) -> str:
        rows = "".join(
            f"<li class='{'right' if o.right else ''}'>{'✓ ' if o.right else ''}{self.text(o.text)} "
            f"<span class='small'>{self.text(o.feedback)}</span></li>"
            for o in question.options
        )
        return f"<section><p>{self.text(question.text)}</p><ul>{rows}</ul></section>"

    def blank(self) -> str:
        """Where the prediction is put: boxes, or a line and empty axes."""
        asked, say = self.lesson.prediction, self.say
        if isinstance(asked, Pick):
            return f"<ul class='options'>{self.items(asked.options)}</ul>"
        ends = dict(low=asked.low, high=asked.high)
        if isinstance(asked, Point):
            axes = Figure("", phrase("step, or case"), asked.label, (), **ends)
            return f"<p>{self.text(asked.label)} ({escape(say(asked.unit))}): ____________</p>" + svg(axes, say)
        label = f"{say(asked.label)} ({say(asked.unit)})"
        return svg(Figure("", asked.x_label, label, (Series("", asked.xs, ()),), **ends), say)


def svg(figure: Figure, say: Say = str) -> str:
    """Axes, lines or bars, and the name of each series at its end."""
    figure = spoken(figure, say)
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
    empty = phrase("Empty axes: {y} over {x}", y=figure.y_label, x=figure.x_label)
    label = escape(say(figure.words if values else empty))
    return (
        f"<svg viewBox='0 0 {WIDTH} {HEIGHT}' width='{WIDTH}' font-size='11' role='img' aria-label='{label}'>"
        + "".join(parts)
        + "</svg>"
    )
