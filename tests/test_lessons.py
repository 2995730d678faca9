"""The lessons as data and in a terminal: complete, linked, and true (the quick check of their claims)."""

import io
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import pytest
from rich.console import Console

import lessons
from app import share
from lessons import check, glossary, plain, quiz, terminal
from lessons.__main__ import main
from lessons.handout import handout, key
from lessons.lesson import Claim, Option, Pick, Point, Question, Runs, Sketch
from lessons.picture import Figure, Series
from nested_core.config import ConfigError

ROOT = Path(__file__).resolve().parent.parent
ALL = lessons.all_lessons()
WORDS = {f"{x.number} {x.slug}": x for x in ALL}


def every_text(lesson):
    yield from (lesson.hook, lesson.prediction.text, lesson.now_you, *lesson.summary, lesson.idea)
    for question in (lesson.why, *lesson.checks):
        yield question.text
        yield from (text for option in question.options for text in (option.text, option.feedback))


def test_lessons_are_numbered_in_order():
    assert [x.number for x in ALL] == list(range(1, len(ALL) + 1)) and len({x.slug for x in ALL}) == len(ALL)


@pytest.mark.parametrize("name", WORDS)
def test_a_lesson_is_complete(name):
    lesson = WORDS[name]
    assert 5 <= lesson.minutes <= 8 and len(lesson.summary) == 5 and 1 <= len(lesson.checks) <= 2
    assert len(lesson.claims) >= 5 and len(lesson.teacher) >= 2
    for question in (lesson.why, *lesson.checks):
        assert sum(option.right for option in question.options) == 1 and len(question.options) >= 3
        assert all(len(option.feedback) > 20 for option in question.options), question.text
    for text in every_text(lesson):
        assert text.count("$") % 2 == 0 and text.count("**") % 2 == 0, text
        for term in plain.names(text):
            glossary.find(term)  # raises where the glossary lacks it
    if isinstance(lesson.activity, Runs):
        assert all(len({c.stream.steps for c in scene.configs}) == 1 for scene in lesson.activity.scenes)


@pytest.mark.parametrize("name", WORDS)
def test_its_link_opens_the_playground_without_a_notice(name):
    choice, notices = share.read(WORDS[name].link)
    assert not notices and choice.configs()
    assert share.read(choice.query()) == (choice, [])


def test_right_answers_stand_at_different_places():
    places = {q.right for x in ALL for q in (x.why, *x.checks)}
    assert len(places) >= 3 and len({q.right for q in quiz.ITEMS}) >= 3


@pytest.mark.parametrize("name", WORDS)
def test_a_prediction_comes_back_from_the_address(name):
    prediction = WORDS[name].prediction
    if isinstance(prediction, Pick):
        value = len(prediction.options) - 1
    elif isinstance(prediction, Point):
        value = prediction.high
    else:
        value = (prediction.low,) * len(prediction.xs)
    assert prediction.read(prediction.write(value)) == value
    for bad in ("", "x", "-1", "1e99", "nan", "99999", "1_2", "_____", "²"):
        assert prediction.read(bad) is None, bad


def test_a_prediction_is_compared_and_drawn_over_what_was_measured():
    figure = Figure("", "x", "y", (Series("measured", ("a", "b"), (10.0, 20.0)),))
    sketch = Sketch("", "x", ("a", "b"), "y")
    drawn = sketch.ghost(figure, ("a", "b"), (0.0, 50.0))
    assert drawn.series[-1] == Series("your prediction", ("a", "b"), (0.0, 50.0), ghost=True)
    assert "furthest at b" in sketch.compare((0.0, 50.0), (10.0, 20.0)) and "20 points away" in sketch.compare(
        (0.0, 50.0), (10.0, 20.0)
    )
    assert "48.5 points away" in Point("", "y").compare(50, 1.5) and "close" in Point("", "y").compare(5, 1.5)
    assert "and so it was" in Pick("", ("p", "q")).compare(1, 1)


def test_steps_can_be_recorded_elsewhere_and_revealed():
    """By another process, as the page does it. What all lessons record is looked at in test_classroom."""
    import pickle

    lesson = next(x for x in ALL if x.slug == "write")
    pipes = dict(stdin=subprocess.PIPE, stdout=subprocess.PIPE)
    with subprocess.Popen([sys.executable, "-m", "lessons.record", str(lesson.number)], cwd=ROOT, **pipes) as process:
        found = pickle.loads(process.stdout.read())
    assert list(found) == list(lesson.activity.options) and all(len(steps) >= 4 for steps in found.values())
    assert lesson.reveal(found).sentence


@pytest.mark.parametrize("number", [x.number for x in ALL])
def test_the_claims_hold(capsys, number):
    assert check.main(["--quick", "--lesson", str(number)]) == 0, capsys.readouterr().out


def test_a_claim_that_is_wrong_fails(capsys, monkeypatch):
    wrong = Claim("never", "one is two", lambda seed: 1.0 + seed, 2, 2)
    lesson = replace(ALL[0], claims=(wrong,))
    monkeypatch.setattr(check, "find", lambda number: lesson)
    assert check.main(["--quick", "--lesson", "1"]) == 1
    assert "FAILS: one is two" in capsys.readouterr().out
    spread = check.Verdict(1, Claim("", "", float, 0, 5), (0.0, 10.0, 0.0, 10.0))
    assert spread.mean == 5 and not spread.holds  # the mean lies inside, its interval does not
    assert not check.Verdict(1, Claim("", "", float, 0, 5), (float("nan"),)).holds


def test_a_terminal_lesson_reads_a_pipe_and_names_misconceptions():
    lesson = next(x for x in ALL if x.slug == "write")
    wrong = next(i for i, option in enumerate(lesson.why.options, 1) if not option.right)
    out = io.StringIO()
    terminal.teach(lesson, Console(file=out, width=1000), io.StringIO(f"999\n40\n{wrong}\n"))
    said = out.getvalue()
    assert "'999' cannot be used" in said and "You predicted 40 %; measured was 60 %" in said
    assert "✗ " + plain.plain(lesson.why.options[wrong - 1].feedback) in said
    assert said.count("no more input") == 3 and plain.plain(lesson.summary[-1]) in said


def test_bad_numbers_get_one_sentence(capsys):
    for number in ("99", "0", "x", "-1"):
        with pytest.raises(ConfigError, match="choose a number from 1 to"):
            lessons.lesson(number)
    assert main(["99"]) == 2 and capsys.readouterr().err.count("\n") == 1
    assert main([]) == 0 and ALL[0].title.split()[0] in capsys.readouterr().out
    assert check.main(["--lesson", "77"]) == 2 and check.main(["--seeds", "0"]) == 2


def test_handout_and_key_are_apart(tmp_path):
    lesson = next(x for x in ALL if x.slug == "optimizer")
    paper, answers = handout(lesson), key(lesson)
    feedback = lesson.checks[0].options[0].feedback
    for page in (paper, answers):
        assert page.startswith("<!doctype html>") and "@page" in page and "<svg" in page
        assert "http" not in page and "[[" not in page and "**" not in page
    for told in (feedback, lesson.summary[2]):
        assert plain.plain(told)[:20] in answers and plain.plain(told)[:20] not in paper
    assert main(["4", "--handout", str(tmp_path / "a.html")]) == 0 and (tmp_path / "a.html").read_text() == paper
    assert main(["4", "--handout", str(tmp_path / "none" / "a.html")]) == 2


def test_questions_and_quiz():
    moved = Question("four letters", (Option("r", "", True), Option("a", ""), Option("b", "")))
    assert moved.options[moved.right].text == "r"
    assert len(quiz.ITEMS) == 10 and all(len(item.options) == 3 for item in quiz.ITEMS)
    answers = {"before": {0: 3, 4: quiz.ITEMS[4].right}}
    rows = quiz.to_csv(answers).splitlines()
    assert rows[0] == "time,lesson,question,answer,right" and len(rows) == 3
    assert rows[1].endswith("I do not know,0") and rows[2].endswith("2 times,1")
    assert quiz.score(answers["before"]) == 1


def test_the_glossary_is_sound():
    names = [term.name.lower() for term in glossary.TERMS]
    assert names == sorted(names) and len(set(names)) == len(names)
    assert all(term.meaning.endswith(".") and term.meaning.count("$") == 0 for term in glossary.TERMS)
    with pytest.raises(ConfigError, match="add it to"):
        glossary.find("no such word")


def test_lessons_load_without_torch():
    code = (
        "import sys, lessons, lessons.quiz, lessons.glossary; lessons.all_lessons(); sys.exit('torch' in sys.modules)"
    )
    assert subprocess.run([sys.executable, "-c", code], cwd=ROOT).returncode == 0
