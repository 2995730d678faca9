"""One lesson in a terminal: predict, run, compare, explain. Reads stdin line by line, so that it also works in a pipe.

An empty line, or the end of the input, skips.
"""

import sys
from collections.abc import Callable
from typing import Any, TypeVar

from rich.console import Console
from rich.table import Table

from .lesson import Lesson, Pick, Point, Question, Results, Sketch, Step, Steps
from .picture import Figure, Matrix, Picture, tidy
from .plain import math, plain
from .record import results

Value = TypeVar("Value")


def teach(lesson: Lesson, console: Console, lines: Any = sys.stdin) -> None:
    """The whole lesson."""

    def ask(words: str, read: Callable[[str], Value | None], fix: str) -> Value | None:
        """The first line that can be read; None for an empty line and at the end of the input."""
        while True:
            console.print(words, end=" ", style="bold")
            line = lines.readline()
            if not line.strip():
                console.print("(skipped)" if line else "(no more input: skipped)")
                return None
            value = read(line.strip())
            if value is not None:
                return value
            console.print(f"{line.strip()[:40]!r} cannot be used; {fix}.")

    heading(console, f"{lesson.number}. {lesson.title}")
    say(console, lesson.hook)
    heading(console, "Predict")
    guess = _predict(lesson, console, ask)
    heading(console, "Run")
    found = results(lesson, said=lambda name: console.print(f"… {name}", style="dim"))
    if isinstance(lesson.activity, Steps):
        _walk(lesson.activity, found, console)
    else:
        for scene in lesson.activity.scenes:
            say(console, f"{scene.name}: {scene.look}")
    heading(console, "Compare")
    revealed = lesson.reveal(found)
    if guess is not None:
        say(console, lesson.prediction.compare(guess, revealed.truth))
    say(console, revealed.sentence)
    draw(console, lesson.with_prediction(revealed, guess))
    heading(console, "Why")
    _question(lesson.why, console, ask)
    heading(console, "Check")
    for question in lesson.checks:
        _question(question, console, ask)
    heading(console, "Now you")
    say(console, lesson.now_you)
    heading(console, "Summary")
    for line in lesson.summary:
        say(console, f"- {line}")


def heading(console: Console, text: str) -> None:
    console.print()
    console.rule(text, align="left")


def say(console: Console, text: str) -> None:
    console.print(plain(text), markup=False, highlight=False)


def _predict(lesson: Lesson, console: Console, ask) -> Any:
    prediction = lesson.prediction
    say(console, prediction.text)
    if isinstance(prediction, Pick):
        _options(console, prediction.options)
        top = len(prediction.options)
        return ask("Your choice:", lambda t: _choice(t, top), f"give a number from 1 to {top}")
    span = f"from {prediction.low:g} to {prediction.high:g}"
    if isinstance(prediction, Point):
        return ask(f"{prediction.label} ({prediction.unit}, {span}):", prediction.read, f"give a number {span}")
    assert isinstance(prediction, Sketch)
    places = ", ".join(map(str, prediction.xs))
    return ask(
        f"{prediction.label} ({prediction.unit}, {span}) at {prediction.x_label} {places}:",
        lambda text: prediction.read("_".join(text.replace(",", " ").split())),
        f"give {len(prediction.xs)} numbers {span}, with spaces between",
    )


def _walk(activity: Steps, found: Results, console: Console) -> None:
    """Every step of the middle setting; the others are in the comparison."""
    option = activity.options[len(activity.options) // 2]
    say(console, f"{activity.knob}: {option}")
    for number, step in enumerate(found[option], 1):
        assert isinstance(step, Step)
        console.print(f"\n{number}. {step.title}", style="bold", markup=False)
        say(console, step.text)
        if step.equation:
            console.print("   " + math(step.equation), markup=False, highlight=False)
        for picture in step.pictures:
            draw(console, picture)


def _question(question: Question, console: Console, ask) -> None:
    say(console, question.text)
    _options(console, [option.text for option in question.options])
    top = len(question.options)
    while True:
        chosen = ask("Your answer:", lambda t: _choice(t, top), f"give a number from 1 to {top}")
        if chosen is None:
            right = question.options[question.right]
            say(console, f"✓ {right.text}\n{right.feedback}")
            return
        option = question.options[chosen]
        say(console, ("✓ " if option.right else "✗ ") + option.feedback)
        if option.right:
            return


def _options(console: Console, options) -> None:
    for i, text in enumerate(options, 1):
        say(console, f"  {i} {text}")


def _choice(text: str, top: int) -> int | None:
    ok = text.isascii() and text.isdigit() and len(text) < 3 and 1 <= int(text) <= top
    return int(text) - 1 if ok else None


def draw(console: Console, picture: Picture) -> None:
    """A picture as a table."""
    if isinstance(picture, Matrix):
        table = Table("", *picture.columns, title=picture.title, title_justify="left")
        for name, row in zip(picture.rows, picture.values, strict=True):
            table.add_row(name, *map(tidy, row))
    else:
        table = _figure(picture)
    console.print(table)


def _figure(figure: Figure) -> Table:
    """A row for each place, at most a dozen; a column for each series."""
    places = list(dict.fromkeys(x for s in figure.series for x in s.xs))
    every = max(1, -(-len(places) // 12))
    kept = places[::every] + ([places[-1]] if (len(places) - 1) % every else [])
    table = Table(figure.x_label, *(s.name for s in figure.series), title=f"{figure.title}: {figure.y_label}",
                  title_justify="left")  # fmt: skip
    values = [dict(zip(s.xs, s.ys, strict=True)) for s in figure.series]
    for place in kept:
        table.add_row(str(place), *(tidy(v[place]) if place in v else "" for v in values))
    return table
