"""The page Learn under Streamlit's test harness; training is the stand-in of fake_run."""

from dataclasses import replace
from pathlib import Path

import pytest
from streamlit.testing.v1 import AppTest

import lessons
from app import share
from app.learn import desk, draw, progress, steps, words
from app.sketch.axes import of_lesson
from lessons.handout import key
from lessons.l05_clocks import ONE, TWO
from lessons.picture import Figure, Matrix, Series
from lessons.plain import plain
from tests.page import address, press, text, wait, workers

__all__ = ["workers"]  # fixtures

PAGE = str(Path(__file__).resolve().parent.parent / "app" / "app_pages" / "learn.py")


@pytest.fixture
def held(workers, monkeypatch):
    made = desk.LessonDesk(workers)
    monkeypatch.setattr(steps, "open_desk", lambda: made)
    yield made
    made.close()


def opened(**query):
    test = AppTest.from_file(PAGE, default_timeout=20)
    for name, value in query.items():
        test.query_params[name] = value
    return test.run()


def finish(page, held):
    def done():
        held.tend()
        return held.finished

    wait(done, 20)
    page.run()
    assert not page.exception


def test_a_whole_lesson(held):
    page = opened()
    press(page, "Start")
    assert address(page) == {"lesson": "1", "step": "hook"} and "bicycle" in text(page)
    press(page, "Next")
    assert next(b for b in page.button if b.label == "Next").disabled  # not before a prediction
    page.slider[0].set_value(40)
    page.run()
    press(page, "Lock my prediction")
    assert address(page)["p1"] == "40" and address(page)["step"] == "run"
    press(page, "Back")
    assert not page.slider and "Locked: 40 %." in text(page)  # it stands, and nothing is left to change it with
    press(page, "Next")
    press(page, "Run all 2")
    finish(page, held)
    assert "Step 200 / 200" in text(page)
    press(page, "Next")
    assert "You predicted 40 %" in text(page) and "B began" in text(page)
    press(page, "Next")
    question = lessons.lesson(1).why
    wrong = next(i for i, option in enumerate(question.options) if not option.right)
    page.radio[0].set_value(wrong).run()
    assert page.warning[0].value == question.options[wrong].feedback and not page.success
    page.radio[0].set_value(question.right).run()
    assert page.success[0].value == question.options[question.right].feedback
    press(page, "Next")
    assert len(page.radio) == len(lessons.lesson(1).checks)
    press(page, "Next")
    press(page, "Next")
    assert lessons.lesson(1).summary[0] in text(page) and address(page)["done"] == "1"
    press(page, "Next lesson")
    assert address(page)["lesson"] == "2" and address(page)["p1"] == "40"


def test_it_resumes_from_the_address(held):
    page = opened(lesson="1", step="reveal", p1="35", done="2")
    assert not page.exception and "go back to **Run**" in text(page)
    press(page, "Back")
    press(page, "Run all 2")
    finish(page, held)
    press(page, "Next")
    assert "You predicted 35 %" in text(page)


def test_a_run_needs_a_prediction_or_a_skip(held):
    page = opened(lesson="2", step="run")
    assert "Lock my prediction" in [b.label for b in page.button]
    press(page, "Skip")
    assert address(page)["p2"] == "skip" and "Run all 6" in [b.label for b in page.button]


def test_a_curve_is_drawn_and_not_set_by_sliders(held):
    page = opened(lesson="11", step="predict")
    assert not page.slider and next(b for b in page.button if b.label == "Lock my prediction").disabled
    page = opened(lesson="11", step="predict", p11="80_60_45_25_20")
    assert "Locked: 80 % at 20, 60 % at 100" in text(page) and "Lock my prediction" not in [
        b.label for b in page.button
    ]
    asked = lessons.lesson(8).prediction
    axis = of_lesson(asked)
    assert (axis.places, axis.points, axis.low, axis.high, axis.grain) == (asked.xs, 3, -30, 30, asked.step)


def test_progress_keeps_a_locked_prediction_and_ignores_rubbish():
    now = progress.Progress(1, "predict").lock("40")
    assert now.lock("90") == now and progress.read(now.query()) == now
    bad = progress.read({"lesson": "77", "step": "flying", "p1": "999", "p3": "20", "done": "1_x_99_2"})
    assert bad == progress.Progress(0, "hook", {3: "20"}, frozenset({1, 2}))
    assert progress.value(progress.Progress(3, "run", {3: "20"}), lessons.lesson(3)) == 20
    assert progress.value(progress.Progress(3, "run", {3: "skip"}), lessons.lesson(3)) is None
    assert progress.read({"lesson": "1", "step": "summary"}).step == "predict"


def test_a_step_through(held):
    number = next(x.number for x in lessons.all_lessons() if x.slug == "write")
    wait(desk.recording(number).done, 30)
    page = opened(lesson=str(number), step="run", **{f"p{number}": "60"})
    assert "1 of 7: **An empty memory**" in text(page)
    press(page, "Next step")
    assert "Write cat → red" in text(page)
    press(page, "Step back")
    press(page, "Next")
    assert "You predicted 60 %; measured was 60 %: close." in text(page)


def test_the_list_shows_what_is_done(held):
    page = opened(done="1_2", p3="40")
    labels = [b.label for b in page.button][:3]
    assert labels == ["Again", "Again", "Go on"] and "2 of" in page.get("progress")[0].proto.text


def test_pictures_become_charts():
    figure = Figure("t", "x", "y", (Series("s", ("a", "b"), (1.0, 120.0)), Series("you", ("b",), (5.0,), ghost=True)))
    option = draw.option(figure)
    assert option["yAxis"]["max"] == 120 and option["xAxis"]["data"] == ["a", "b"]
    ghost = option["series"][1]
    assert ghost["lineStyle"]["type"] == "dashed" and ghost["data"] == [["b", 5.0]]
    matrix = Matrix("m", ("r",), ("c", "d"), ((1.0, -2.0),))
    assert draw.option(matrix)["series"][0]["data"] == [[0, 0, 1.0], [1, 0, -2.0]]
    assert draw.table(matrix) == [{"": "r", "c": "1", "d": "−2"}] and "c 1, d −2" in matrix.words


def test_terms_are_explained_and_links_open_the_playground():
    shown = words.marked("a [[step|steps]] of <b>")
    assert 'title="One batch read' in shown and ">steps</abbr>" in shown
    for lesson in lessons.all_lessons():
        assert steps.playground(lesson).startswith("playground?v=1&stream=")


def test_a_lesson_can_be_printed_and_its_answers_stand_apart(held):
    page = opened(lesson="3")
    labels = [b.proto.label for b in page.get("download_button")]
    assert labels == ["Handout", "Notes and answers"]
    wrong = lessons.lesson(3).why.options[0].feedback
    assert plain(wrong)[:20] in key(lessons.lesson(3), desk.recording(3).result())


def test_the_link_of_lesson_5_opens_its_own_two_clocks():
    choice, notices = share.read(lessons.lesson(5).link)
    nested, single = choice.configs()
    assert not notices and nested.stream == TWO[50].stream
    assert replace(nested.learner, name="x") == replace(TWO[50].learner, name="x")
    assert replace(single.learner, name="x") == replace(ONE.learner, name="x")
