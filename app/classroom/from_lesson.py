"""A lesson as an activity for a class: predict, lock, run, compare, why, check, now you, summary, exit ticket.

From the data of `lessons` to steps and questions in the reader's language. Texts keep their [[terms]] and $LaTeX$;
answers, which also stand in charts, keep the LaTeX alone. What was measured is no part of it: `measured` finds that
when it is asked for.
"""

from functools import cache
from urllib.parse import urlencode

import lessons
from app import share
from app.language import language, tr
from app.sketch import axes
from app.sketch.axes import Axis
from lessons.lesson import Lesson, Pick, Point, Runs
from lessons.lesson import Question as Asked
from lessons.plain import terms

from .activity import Activity, Question, Step, exit_ticket, translated

PREFIX = "lesson-"  # before a slug it names a room's activity in the database; numbers may move, slugs stay
LOOKS = 2
PREDICTED = "predict"  # the key of the prediction


@cache
def names() -> dict[str, Lesson]:
    """Every lesson by the name under which a room keeps it."""
    return {f"{PREFIX}{lesson.slug}": lesson for lesson in lessons.all_lessons()}


def find(name: str) -> Activity | None:
    """The activity that a room keeps under this name, in the reader's language; None where it is no lesson."""
    return _found(name, language())


@cache
def _found(name: str, told_in: str) -> Activity | None:
    return from_lesson(names()[name]) if name in names() else None


def from_lesson(lesson: Lesson) -> Activity:
    """A class takes the lesson's own minutes, and one more for each question."""
    steps = (_start(lesson), _predict(lesson), _run(lesson), _compare(lesson), *_questions(lesson), *_end(lesson))
    wrong = tuple(
        (terms(tr(option.text)), terms(tr(option.feedback)))
        for question in (lesson.why, *lesson.checks)
        for option in question.options
        if not option.right
    )
    claims = "; ".join(tr(claim.sentence) for claim in lesson.claims)
    command = f"python -m lessons.check --lesson {lesson.number}"
    return Activity(
        f"{PREFIX}{lesson.slug}",
        tr("Lesson {number}: {title}", number=lesson.number, title=tr(lesson.title)),
        lesson.minutes + sum(step.question is not None for step in steps),
        steps,
        terms(tr(lesson.idea)),
        wrong,
        tr("{command} measures on ten seeds: {claims}.", command=command, claims=claims),
    )


def _start(lesson: Lesson) -> Step:
    notes = [tr("Wait until all have joined."), *map(tr, lesson.teacher)]
    return Step(tr(lesson.title), tr(lesson.hook), " ".join(notes))


def _predict(lesson: Lesson) -> Step:
    return Step(
        tr("Predict"),
        tr("Decide alone, then send. You can change your mind until the teacher locks."),
        tr(
            "Lock before anything runs. Do not say what will come. A neighbour may then be convinced, but nothing "
            "changes."
        ),
        prediction(lesson),
    )


def prediction(lesson: Lesson) -> Question:
    """The lesson's prediction as a question without an answer: the run decides."""
    asked, prompt = lesson.prediction, tr(lesson.prediction.text)
    if isinstance(asked, Pick):
        return Question(PREDICTED, "choice", prompt, tuple(terms(tr(option)) for option in asked.options))
    if isinstance(asked, Point):
        axis = Axis(asked.label, asked.low, asked.high, asked.unit, grain=asked.step)
        return Question(PREDICTED, "point", prompt, axis=axis.said(tr))
    return Question(PREDICTED, "sketch", prompt, axis=axes.of_lesson(asked).said(tr))


def _run(lesson: Lesson) -> Step:
    """The teacher shows the lesson. Where the playground can train its stream, everybody also runs a seed."""
    activity, looks = lesson.activity, ()
    if isinstance(activity, Runs):
        settings, what = [scene.name for scene in activity.scenes], tr("Press Run in the lesson and watch it together.")
        looks = tuple(dict.fromkeys(tr(scene.look) for scene in activity.scenes))
    else:
        settings, what = activity.options, tr("Step through the lesson, and ask before each step what it will show.")
    text = list(looks if len(looks) <= LOOKS else ())  # more than a class can look for
    if len(settings) > 1:
        changing = dict(knob=tr(activity.knob), settings=", ".join(map(tr, settings)))
        text.insert(0, tr("What changes is the {knob}: {settings}.", **changing))
    link = _link(lesson) if _spreads(lesson) else ""
    if link:
        more = tr("Meanwhile each student trains the playground's learners on the same stream with another seed.")
        what = f"{what} {more}"
    page = _page(lesson)
    return Step(tr("Run"), "  \n".join(text), what, link=link, spread=bool(link), page=page, about=PREDICTED)


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
        tr("Compare"),
        "",
        tr("Give them half a minute to compare their own answer with it. Ask for an explanation before the next step."),
        about=PREDICTED,
        lesson=lesson.number,
    )


def _questions(lesson: Lesson) -> list[Step]:
    notes, count = tr("Lock, let neighbours convince each other, then reveal."), len(lesson.checks)
    steps = [Step(tr("Why?"), "", notes, choice("why", lesson.why))]
    for i, asked in enumerate(lesson.checks, 1):
        title = tr("Check") if count == 1 else tr("Check {i} of {count}", i=i, count=count)
        steps.append(Step(title, "", tr("Alone and without a word; then reveal."), choice(f"check {i}", asked)))
    return steps


def choice(key: str, asked: Asked) -> Question:
    """A question of a lesson: what is said to each answer is its feedback; to all, the feedback of the right one."""
    options, replies = (
        tuple(terms(tr(getattr(option, part))) for option in asked.options) for part in ("text", "feedback")
    )
    return Question(key, "choice", tr(asked.text), options, None, asked.right, replies, replies[asked.right])


def _end(lesson: Lesson) -> tuple[Step, ...]:
    summary = "\n".join(f"{i}. {tr(line)}" for i, line in enumerate(lesson.summary, 1))
    return (
        Step(
            tr("Now you"),
            tr(lesson.now_you),
            tr("In pairs, with the lesson or the playground. Collect two results before you go on."),
            link=_link(lesson),
            page=_page(lesson),
        ),
        Step(tr("Summary"), summary, tr("Ask the class for the five sentences before you show them on paper.")),
        translated(exit_ticket()),
    )
