"""A class in real browsers: a teacher, the stage, and three students on phones. `pytest -m browser`."""

import contextlib
import re
import sqlite3
import time

import pytest

from tests.browsing import CHROMIUM, server

PHONE = {"viewport": {"width": 390, "height": 844}, "has_touch": True}

pytestmark = [
    pytest.mark.browser,
    pytest.mark.skipif(CHROMIUM is None, reason="no Chromium here: install the package chromium, or run `make test`"),
]


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    return tmp_path_factory.mktemp("class")


@pytest.fixture(scope="module")
def address(folder):
    """The app on a server of its own, with an empty database."""
    with server(CLASSROOM_DATA=str(folder), DATABASE_URL="") as running:
        yield running


def button(page, name):
    """By its label, behind which a shortcut may be told."""
    return page.get_by_role("button", name=re.compile(rf"^{name}( Shortcut .*)?$"))


def make_room(page, title="Physics 9b"):
    page.get_by_label("Name of the class").fill(title)
    page.get_by_label("Name of the class").press("Tab")
    button(page, "Make the room").click()
    page.get_by_text("Speaker notes").wait_for()
    return page.url.split("room=")[1][:5]


def draw(page, ends_at=0.8):
    """A stroke from the left edge to the right, falling to this share of the height."""
    box = page.locator(".sketch").bounding_box()
    left, width, top, height = box["x"] + 46, box["width"] - 60, box["y"] + 12, 208
    page.mouse.move(left, top + 5)
    page.mouse.down()
    for step in range(1, 21):
        page.mouse.move(left + width * step / 20, top + 5 + (ends_at * height - 5) * step / 20)
    page.mouse.up()


def draw_by_keys(page):
    page.locator(".sketch").focus()
    for _ in range(25):
        page.keyboard.press("ArrowRight")
    for _ in range(4):
        page.keyboard.press("ArrowDown")


def fits(page) -> bool:
    return page.evaluate("document.documentElement.scrollWidth <= window.innerWidth")


def violations(page) -> list[str]:
    """Serious findings of axe; colours of the charts are drawn on a canvas and not seen by it."""
    axe = pytest.importorskip("axe_playwright_python.sync_playwright", reason="no axe here: pip install -e .[test]")
    found = axe.Axe().run(page).response["violations"]
    return [f"{v['id']}: {v['nodes'][0]['html'][:90]}" for v in found if v["impact"] in ("serious", "critical")]


def test_a_class_with_three_students(visit):
    teacher = visit("teach", viewport={"width": 1280, "height": 900})
    code = make_room(teacher)
    stage = visit(
        teacher.get_by_role("link", name="Stage for the projector").get_attribute("href"),
        viewport={"width": 1024, "height": 768},
    )
    button(stage, "Next step").wait_for()
    students = [visit(f"join?code={code}", **PHONE) for _ in range(3)]
    for student, name in zip(students, ("Ada", "<img src=http://x.invalid/>", ""), strict=True):
        student.get_by_label("Nickname").fill(name)
        button(student, "Join").click()
        student.get_by_text("Two tasks, one network").wait_for()
        assert fits(student)
    stage.get_by_text("3 joined").wait_for()

    stage.keyboard.press("PageDown")  # a clicker
    for student in students:
        student.get_by_text("How many of task 1").wait_for()
    draw(students[0])
    draw(students[1], 0.2)
    draw_by_keys(students[2])
    for student in students:
        student.get_by_text("Draw over it to change it").wait_for()
        time.sleep(0.8)  # a curve drawn by keys is sent half a second after the last
        button(student, "Send").click()
        student.get_by_text("You can change it until it is locked").wait_for()
        assert fits(student)
    stage.get_by_text("3 of 3 answered").wait_for()
    assert not violations(students[0]) and not violations(stage) and not violations(teacher)

    stage.keyboard.press("ArrowRight")
    for student in students:
        student.get_by_text("Your answer is kept").wait_for()
        assert button(student, "Send again").count() == 0
    draw(students[0], 0.1)  # a locked prediction cannot be changed
    teacher.get_by_text("3 of 3 answered · 0 of 3 runs have arrived").wait_for()
    students[0].reload()
    students[0].get_by_text("Your answer is kept").wait_for()
    assert "Ada" in students[0].inner_text("body")

    button(teacher, "Reveal").click()
    stage.get_by_text("what was written for it is overwritten").wait_for()
    students[2].get_by_text("what was written for it is overwritten").wait_for()
    assert fits(students[2])
    stage.keyboard.press("ArrowLeft")
    students[1].get_by_text("Two tasks, one network").wait_for()


def test_a_wrong_code_and_a_foreign_room(visit):
    student = visit("join", **PHONE)
    student.get_by_label("Code").fill("QQQQQ")
    button(student, "Join").click()
    student.get_by_text("there is no room QQQQQ").wait_for()
    one, two = visit("teach"), visit("teach")
    make_room(one, "One")
    code = make_room(two, "Two")
    one.goto(one.url.split("room=")[0] + f"room={code}")
    one.get_by_text(f"you have no room '{code}'").wait_for()
    assert "Two" not in one.inner_text("body")


def test_a_room_that_expires_while_somebody_is_in_it(visit, folder):
    teacher, student = visit("teach"), visit("join", **PHONE)
    code = make_room(teacher)
    student.get_by_label("Code").fill(code)
    button(student, "Join").click()
    student.get_by_text("Two tasks, one network").wait_for()
    with contextlib.closing(sqlite3.connect(next(folder.glob("*.sqlite")))) as database, database:
        database.execute("UPDATE rooms SET expires = 1, version = version + 1 WHERE code = ?", [code])
    student.get_by_text(f"room {code} has expired").wait_for()  # without a reload
    student.reload()
    student.get_by_text("Not in the room").wait_for()
    button(student, "Join").wait_for()
    teacher.reload()
    teacher.get_by_text(f"you have no room '{code}'").wait_for()
