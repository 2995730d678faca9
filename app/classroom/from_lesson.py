"""A lesson as an activity for a class: predict, lock, run, compare, why, check, now you, summary, exit ticket.

Pure: from the data of `lessons` to steps and questions. Texts keep their [[terms]] and $LaTeX$; answers, which also
stand in charts, keep the LaTeX alone. What was measured is no part of it: `measured` finds that when it is asked for.
"""

from functools import cache
from urllib.parse import urlencode

import lessons
from app import share
from app.sketch import axes
from app.sketch.axes import Axis
from lessons.lesson import Lesson, Pick, Point, Runs
from lessons.lesson import Question as Asked
from lessons.plain import terms

from .activity import Activity, Question, Step, exit_ticket

PREFIX = "lesson-"  # before a slug it names a room's activity in the database; numbers may move, slugs stay
LOOKS = 2
PREDICTED = "predict"  # the key of the prediction


@cache
def names() -> dict[str, Lesson]:
    """Every lesson by the name under which a room keeps it."""
    return {f"{PREFIX}{lesson.slug}": lesson for lesson in lessons.all_lessons()}


@cache
def find(name: str) -> Activity | None:
    """The activity that a room keeps under this name; None where it is no lesson."""
    return from_lesson(names()[name]) if name in names() else None


def from_lesson(lesson: Lesson) -> Activity:
    """A class takes the lesson's own minutes, and one more for each question."""
    steps = (_start(lesson), _predict(lesson), _run(lesson), _compare(lesson), *_questions(lesson), *_end(lesson))
    wrong = tuple(
        (terms(option.text), terms(option.feedback))
        for question in (lesson.why, *lesson.checks)
        for option in question.options
        if not option.right
    )
    claims = "; ".join(claim.sentence for claim in lesson.claims)
    return Activity(
        f"{PREFIX}{lesson.slug}",
        f"Lesson {lesson.number}: {lesson.title}",
        lesson.minutes + sum(step.question is not None for step in steps),
        steps,
        terms(lesson.idea),
        wrong,
        f"python -m lessons.check --lesson {lesson.number} measures on ten seeds: {claims}.",
    )


def _start(lesson: Lesson) -> Step:
    return Step(lesson.title, lesson.hook, "Wait until all have joined. " + " ".join(lesson.teacher))


def _predict(lesson: Lesson) -> Step:
    return Step(
        "Predict",
        "Decide alone, then send. You can change your mind until the teacher locks.",
        "Lock before anything runs. Do not say what will come. A neighbour may then be convinced, but nothing changes.",
        prediction(lesson),
    )


def prediction(lesson: Lesson) -> Question:
    """The lesson's prediction as a question without an answer: the run decides."""
    asked = lesson.prediction
    if isinstance(asked, Pick):
        return Question(PREDICTED, "choice", asked.text, tuple(map(terms, asked.options)))
    if isinstance(asked, Point):
        axis = Axis(asked.label, asked.low, asked.high, asked.unit, grain=asked.step)
        return Question(PREDICTED, "point", asked.text, axis=axis)
    return Question(PREDICTED, "sketch", asked.text, axis=axes.of_lesson(asked))


def _run(lesson: Lesson) -> Step:
    """The teacher shows the lesson. Where the playground can train its stream, everybody also runs a seed."""
    activity, looks = lesson.activity, ()
    if isinstance(activity, Runs):
        settings, what = [scene.name for scene in activity.scenes], "Press Run in the lesson and watch it together."
        looks = tuple(dict.fromkeys(scene.look for scene in activity.scenes))
    else:
        settings, what = activity.options, "Step through the lesson, and ask before each step what it will show."
    changes = (f"What changes is the {activity.knob}: {', '.join(settings)}.",) if len(settings) > 1 else ()
    text = "  \n".join((*changes, *(looks if len(looks) <= LOOKS else ())))  # more than a class can look for
    link = _link(lesson) if _spreads(lesson) else ""
    more = " Meanwhile each student trains the playground's learners on the same stream with another seed."
    what += more * bool(link)
    return Step("Run", text, what, link=link, spread=bool(link), page=_page(lesson), about=PREDICTED)


def _page(lesson: Lesson) -> str:
    """The lesson at its run; the class has predicted, so the page need not ask again."""
    return f"learn?lesson={lesson.number}&step=run&p{lesson.number}=skip"


def _link(lesson: Lesson) -> str:
    """The query of the lesson's configuration of the playground."""
    return urlencode(lesson.link, safe="*")


def _spreads(lesson: Lesson) -> bool:
    """Whether the lesson's link trains on a stream that the lesson itself runs."""
    if not isinstance(lesson.activity, Runs):
        return False
    choice, notices = share.read(lesson.link)
    streams = [config.stream for scene in lesson.activity.scenes for config in scene.configs]
    told = (choice.kind, choice.tasks, choice.rounds, choice.dwell)
    return not notices and told in [(s.kind, s.tasks, s.rounds, s.dwell) for s in streams]


def _compare(lesson: Lesson) -> Step:
    return Step(
        "Compare",
        "",
        "Give them half a minute to compare their own answer with it. Ask for an explanation before the next step.",
        about=PREDICTED,
        lesson=lesson.number,
    )


def _questions(lesson: Lesson) -> list[Step]:
    steps = [Step("Why?", "", "Lock, let neighbours convince each other, then reveal.", choice("why", lesson.why))]
    for i, asked in enumerate(lesson.checks, 1):
        title = "Check" if len(lesson.checks) == 1 else f"Check {i} of {len(lesson.checks)}"
        steps.append(Step(title, "", "Alone and without a word; then reveal.", choice(f"check {i}", asked)))
    return steps


def choice(key: str, asked: Asked) -> Question:
    """A question of a lesson: what is said to each answer is its feedback; to all, the feedback of the right one."""
    options, replies = (
        tuple(terms(getattr(option, part)) for option in asked.options) for part in ("text", "feedback")
    )
    return Question(key, "choice", asked.text, options, None, asked.right, replies, replies[asked.right])


def _end(lesson: Lesson) -> tuple[Step, ...]:
    summary = "\n".join(f"{i}. {line}" for i, line in enumerate(lesson.summary, 1))
    return (
        Step(
            "Now you",
            lesson.now_you,
            "In pairs, with the lesson or the playground. Collect two results before you go on.",
            link=_link(lesson),
            page=_page(lesson),
        ),
        Step("Summary", summary, "Ask the class for the five sentences before you show them on paper."),
        exit_ticket(),
    )
