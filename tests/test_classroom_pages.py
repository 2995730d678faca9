"""The pages of a class under Streamlit's own test harness: a teacher, students, wrong codes, locks, another's room."""

import time
from pathlib import Path
from urllib.parse import parse_qsl, urlparse

import pytest
from sqlalchemy.exc import OperationalError
from streamlit.testing.v1 import AppTest

import lessons
from app import state
from app.classroom import shared
from app.classroom.store import DAY
from app.desk import Desk
from app.engine.engine import Engine
from app.learn.desk import recording
from app.settings import settings
from tests.page import wait

PAGES = Path(__file__).resolve().parent.parent / "app" / "app_pages"


def forget():
    settings.cache_clear()
    shared.store.clear()
    shared.rights.clear()


@pytest.fixture(autouse=True)
def school(tmp_path, monkeypatch):
    """An empty database of its own."""
    monkeypatch.setenv("CLASSROOM_DATA", str(tmp_path))
    monkeypatch.delenv("DATABASE_URL", raising=False)
    forget()
    yield shared.store()
    shared.store().engine.dispose()
    forget()


def opened(page: str, **query) -> AppTest:
    test = AppTest.from_file(str(PAGES / f"{page}.py"), default_timeout=20)
    for name, value in query.items():
        test.query_params[name] = value
    return ran(test)


def ran(test: AppTest) -> AppTest:
    test.run()
    assert not test.exception
    return test


def press(test: AppTest, label: str) -> AppTest:
    next(b for b in test.button if b.label == label).click()
    return ran(test)


def labels(test: AppTest) -> list[str]:
    return [b.label for b in test.button]


def text(test: AppTest) -> str:
    kinds = (test.title, test.markdown, test.caption, test.error, test.info, test.success, test.text)
    return "\n".join(str(x.value) for kind in kinds for x in kind)


def query(test: AppTest) -> dict[str, str]:
    return {k: v if isinstance(v, str) else v[0] for k, v in test.query_params.items()}


def links(test: AppTest) -> dict[str, str]:
    return {x.proto.label: x.proto.url for x in test.get("link_button")}


def new_room(activity: str = "break") -> AppTest:
    test = opened("teach")
    test.text_input[0].input("Physics 9b")
    test.selectbox[0].select(activity)
    return press(ran(test), "Make the room")


def joined(code: str, nickname: str = "") -> AppTest:
    test = opened("join", code=code)
    test.text_input[1].input(nickname)
    return press(test, "Join")


def test_a_class_from_the_code_to_the_exit_ticket(school):
    teacher = new_room()
    code = query(teacher)["room"]
    assert "Physics 9b" in text(teacher) and code in text(teacher)
    student = joined(code.lower(), "Ada")
    assert "Make nested lose" in text(student) and "seed 1" in text(student)
    press(teacher, "Next step")
    ran(student)
    assert "Who ends higher?" in text(student)
    press(student, "Send")
    assert "Choose one of the answers first" in text(student)
    student.radio[0].set_value(0)
    press(student, "Send")
    student.radio[0].set_value(1)
    press(student, "Send again")
    assert "You can change it until it is locked" in text(student)
    assert "1 of 1 answered" in text(ran(teacher))

    press(teacher, "Lock the answers")
    ran(student)
    assert "Locked. You answered: the single loop." in text(student)
    assert not student.radio and "Send again" not in labels(student)
    assert "with enough practice" not in text(student)
    press(teacher, "Reveal")
    ran(student)
    assert "with enough practice" in text(student) and "Yes, on every seed measured" in text(student)
    for label in ("Next step", *("Next step", "Lock the answers", "Reveal") * 2, "Next step"):
        press(teacher, label)
    assert "The end" in labels(teacher)
    ran(student)
    student.text_area[0].input("It **returned** <b>often</b>")
    press(student, "Send")
    assert school.view(code).answers["exit"] == {1: "It **returned** <b>often</b>"}
    assert "“It **returned** <b>often</b>”" in [x.value for x in ran(teacher).text]  # as text, letter for letter


def test_a_class_goes_through_a_lesson(school):
    """A room with lesson 3: predicted, locked, the lesson on the projector, what was measured, and every check."""
    teacher = new_room("lesson-write")
    code = query(teacher)["room"]
    assert "A weight update is a write to memory" in text(opened("teach", key=query(teacher)["key"]))
    student = joined(code, "Ada")
    assert "What is a weight update?" in text(student)
    assert '<abbr title="' in text(student) and "[[" not in text(student) + text(teacher)
    press(teacher, "Next step")
    ran(student)
    student.slider[0].set_value(30.0)
    press(student, "Send")
    assert school.view(code).answers["predict"] == {1: 30.0}
    press(teacher, "Lock the answers")
    ran(student)
    assert "Locked. You answered: 30 %." in text(student) and not student.slider and "Send again" not in labels(student)
    press(teacher, "Next step")  # nothing to reveal before it ran
    assert links(teacher)["Lesson of this step"].endswith("/learn?lesson=3&step=run&p3=skip")
    wait(recording(3).done, 60)
    press(teacher, "Next step")
    ran(student)
    assert "You predicted 30 %; measured was 60 %: 30 points away." in text(student)
    for page in (student, teacher):
        assert "60 % of green leaks" in text(page)
    question = lessons.lesson(3).why
    press(teacher, "Next step")
    ran(student)
    wrong = next(i for i, option in enumerate(question.options) if not option.right)
    student.radio[0].set_value(wrong)
    press(student, "Send")
    press(press(teacher, "Lock the answers"), "Reveal")
    ran(student)
    assert question.options[wrong].feedback in text(student) and question.options[question.right].text in text(student)
    for label in ("Next step", *("Lock the answers", "Reveal", "Next step") * 2, "Next step"):
        press(teacher, label)
    assert lessons.lesson(3).summary[0] in text(ran(student))
    press(teacher, "Next step")
    assert "The end" in labels(teacher)


def test_at_their_own_pace_nobody_sees_a_lessons_outcome_before_predicting(school):
    teacher = new_room("lesson-write")
    teacher.toggle[0].set_value(False)
    ran(teacher)
    student = joined(query(teacher)["room"])
    press(press(student, "Next"), "Next")
    assert "First send and lock your prediction" in text(student) and "Open the lesson" not in links(student)
    press(student, "Back")
    student.slider[0].set_value(30.0)
    press(student, "Lock and see")
    press(student, "Next")
    assert "Open the lesson" in links(student) and "First send" not in text(student)


def test_what_was_shown_is_predicted_no_more(school):
    teacher = new_room("lesson-write")
    code = query(teacher)["room"]
    student = joined(code)
    press(press(teacher, "Next step"), "Skip")  # without a lock
    assert school.view(code).locked == {"predict"} and not school.view(code).revealed
    press(teacher, "Next step")
    press(press(teacher, "Back"), "Back")
    assert school.view(code).revealed == {"predict"} and "Open again" not in labels(teacher)
    assert "Locked. You sent no answer." in text(ran(student)) and not student.slider


def test_everybody_runs_the_stream_of_a_lesson_with_another_seed(school):
    teacher = new_room("lesson-forgets")
    student = joined(query(teacher)["room"])
    press(press(press(teacher, "Next step"), "Lock the answers"), "Next step")
    assert "Run my seed" in labels(ran(student)) and "0 of 1 runs have arrived" in text(student)


def test_a_prediction_that_was_locked_meanwhile_cannot_be_changed(school):
    teacher = new_room()
    code = query(teacher)["room"]
    student = joined(code)
    press(teacher, "Next step")
    ran(student)
    student.radio[0].set_value(0)
    press(student, "Send")
    student.radio[0].set_value(1)  # chosen, and then the teacher is faster
    press(teacher, "Lock the answers")
    press(student, "Send again")
    assert "Locked. You answered: nested." in text(student)
    assert school.view(code).answers["return"] == {1: 0}


def test_a_reload_lands_where_it_was(school):
    teacher = new_room()
    code = query(teacher)["room"]
    student = joined(code, "Ada")
    press(teacher, "Next step")
    again = opened("join", **query(student))
    assert "Ada" in text(again) and "Who ends higher?" in text(again)
    assert len(school.view(code).students) == 1
    teacher.toggle[0].set_value(False)
    ran(teacher)
    ran(again)
    for _ in range(3):
        press(again, "Next")
    assert "What may you claim?" in text(again)
    assert "What may you claim?" in text(opened("join", **query(again)))
    again.radio[0].set_value(1)
    press(again, "Lock and see")
    assert "its interval" not in text(again) and "it probably holds zero" in text(again)  # the reply to that answer
    assert school.view(code).sealed == {("claim", 1)}


@pytest.mark.parametrize("code", ["ABC", "BBBBB", "<b>x<", "ÄÖÜßß"])
def test_a_wrong_code_is_one_sentence(code):
    student = opened("join")
    student.text_input[0].input(code)
    press(student, "Join")
    assert len(student.error) == 1 and student.error[0].value.startswith("Not joined: ")
    assert "me" not in query(student)


def test_an_expired_room_and_a_foreign_token_are_one_sentence(school):
    teacher = new_room()
    code = query(teacher)["room"]
    student = joined(code)
    wrong = opened("join", code=code, me="guessed")
    assert "Not in the room: this link is not from room" in text(wrong)
    school.clock = lambda: time.time() + 31 * DAY
    again = opened("join", **query(student))
    assert "has expired" in text(again) and len(again.error) == 1
    assert "you have no room" in text(opened("teach", **query(teacher)))


def test_two_teachers_do_not_see_each_others_rooms():
    one, two = query(new_room()), query(new_room())
    mine = labels(opened("teach", key=one["key"]))
    assert f"Open {one['room']}" in mine and f"Open {two['room']}" not in mine
    crossed = opened("teach", key=one["key"], room=two["room"])
    assert "you have no room" in text(crossed) and "Speaker notes" not in text(crossed)
    forged = opened("teach", key=one["key"][:-1] + "~", room=one["room"])
    assert "not made by this server" in text(forged) and "Speaker notes" not in text(forged)


def test_the_stage_steps_but_needs_its_own_key(school):
    teacher = new_room()
    code = query(teacher)["room"]
    address = dict(parse_qsl(urlparse(links(teacher)["Stage for the projector"]).query))
    stage = opened("teach", **address)
    assert code in text(stage) and "Speaker notes" not in text(stage)
    assert not {"Delete everything"} & set(labels(stage)) and not stage.get("download_button")
    press(stage, "Next step")
    assert school.view(code).step == 1
    press(stage, "Lock the answers")
    press(stage, "Back")
    assert school.view(code).step == 0 and school.view(code).locked == {"return"}
    other = query(new_room())["room"]
    for wrong in ({**address, "room": other}, {**address, "stage": "x"}, {"view": "stage", "room": "nope"}):
        refused = opened("teach", **wrong)
        assert len(refused.error) == 1 and refused.error[0].value.startswith("No stage: ") and not refused.button


def test_what_the_teacher_hides_is_part_of_the_students_links(school):
    teacher = opened("teach")
    teacher.button_group[0].set_value(["levels", "with"])
    press(teacher, "Make the room")
    student = joined(query(teacher)["room"])
    found = dict(parse_qsl(urlparse(links(student)["Open the playground"]).query))
    assert found["hide"] == "levels_with" and found["seed"] == "1" and found["stream"] == "class_digits"


def test_the_experiment_spreads_over_the_class(school, monkeypatch):
    engine = Engine(2, "tests.fake_run:FakeRun", seats=1)
    desk = Desk(engine)
    monkeypatch.setattr(state, "desk", lambda: desk)
    teacher = opened("teach")
    teacher.selectbox[0].select("own")
    ran(teacher)
    teacher.text_input[1].input("?stream=permuted_digits&tasks=2&dwell=30")
    press(ran(teacher), "Make the room")
    code = query(teacher)["room"]
    for _ in range(4):
        press(teacher, next(x for x in labels(teacher) if x in ("Next step", "Lock the answers", "Reveal")))
    student = joined(code)
    press(student, "Run my seed")
    end = time.monotonic() + 20
    while "has arrived" not in text(student):
        assert time.monotonic() < end
        time.sleep(0.1)
        ran(student)
    seed, scores = school.view(code).runs["run 2"][1]
    assert seed == 1 and scores["steps"][-1] == 60
    assert "1 of 1 runs have arrived" in text(ran(teacher))
    desk.reset()
    engine.close()


def test_recorded_runs_are_shown_when_asked_for_and_not_before(school):
    teacher = new_room("forget")
    student = joined(query(teacher)["room"])
    press(press(teacher, "Next step"), "Lock the answers")
    assert "0 of 1 runs have arrived" in text(ran(student)) and "recorded beforehand" not in text(student)
    teacher.toggle[1].set_value(True)
    ran(teacher)
    assert "0 of 1 runs have arrived; shown is what was recorded beforehand" in text(ran(student))


def test_a_database_that_is_gone_is_one_sentence_and_then_goes_on(school, monkeypatch):
    teacher = new_room()
    student = joined(query(teacher)["room"])

    def gone(*_):
        raise OperationalError("SELECT", {}, Exception("the disk is away"))

    with monkeypatch.context() as away:
        away.setattr(school._reader, "view", gone)
        for page in (student, teacher):
            ran(page)
            assert "cannot be reached just now" in text(page) and "disk" not in text(page)
    assert "Make nested lose" in text(ran(student))


def test_delete_leaves_nothing(school):
    teacher = new_room()
    code = query(teacher)["room"]
    student = joined(code)
    press(teacher, "Delete everything")
    assert "room" not in query(teacher) and f"Open {code}" not in labels(teacher)
    assert "there is no room" in text(opened("join", **query(student)))
