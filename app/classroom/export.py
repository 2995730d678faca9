"""A room as CSV: one row for each answer, one for each point of each run's curves. Times are UTC.

Names of columns, questions and learners are English; prompts and options are in the language of the activity given.
"""

import csv
import io
from datetime import UTC, datetime

from lessons.plain import plain

from .activity import Activity
from .reader import View


def answers(view: View, activity: Activity) -> str:
    """student, nickname, question, prompt, answer, right (yes, no or empty where nothing is right)."""
    rows = []
    for student, nickname, number in view.students:
        for question in activity.questions:
            if student not in view.answers.get(question.key, {}):
                continue
            value = view.answers[question.key][student]
            right = ""
            if question.kind == "choice":
                right = "" if question.answer is None else "yes" if value == question.answer else "no"
                value = plain(question.options[value]) if value < len(question.options) else value
            elif question.kind == "sketch":
                value = " ".join(f"{x:g}" for x in value)
            rows.append([number, nickname, question.key, plain(question.prompt), value, right])
    return _csv(["student", "nickname", "question", "prompt", "answer", "right"], rows)


def runs(view: View) -> str:
    """student, seed, learner, step, first task (as plotted), mean of all tasks at the end."""
    numbers = {student: number for student, _, number in view.students}
    rows = [
        [numbers.get(student), question, seed, name, step, value, arm["final"]]
        for question, found in view.runs.items()
        for student, (seed, scores) in found.items()
        for name, arm in scores["arms"].items()
        for step, value in zip(scores["steps"], arm["first"], strict=True)
    ]
    return _csv(["student", "question", "seed", "learner", "step", "first task", "final mean of all tasks"], rows)


def file_name(view: View, what: str) -> str:
    return f"{view.code}-{datetime.fromtimestamp(view.created, UTC):%Y-%m-%d}-{what}.csv"


def _csv(head: list[str], rows: list[list]) -> str:
    out = io.StringIO()
    writer = csv.writer(out, lineterminator="\n")
    writer.writerow(head)
    writer.writerows([_cell(value) for value in row] for row in rows)
    return out.getvalue()


def _cell(value):
    """A spreadsheet must read what a student wrote as text, never as a formula."""
    return f"'{value}" if isinstance(value, str) and value[:1] in "=+-@\t\r" else value
