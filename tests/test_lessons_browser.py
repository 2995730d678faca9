"""Lessons in a real browser: by mouse, by keys alone, on a phone, on paper, drawn, and with a class. `-m browser`."""

import re

import pytest

import lessons
from lessons.plain import plain
from tests.browsing import CHROMIUM, server, until
from tests.test_classroom_browser import PHONE, button, violations

LESSON = lessons.lesson(3)  # the short one: its steps are there in a moment
STEPS = ("Start", "Predict", "Run", "Compare", "Why", "Check", "Now you", "Summary")
WRONG = next(i for i, option in enumerate(LESSON.why.options) if not option.right)
TABS = 80  # that a keyboard may need to reach something

pytestmark = [
    pytest.mark.browser,
    pytest.mark.skipif(CHROMIUM is None, reason="no Chromium here: install the package chromium, or run `make test`"),
]


@pytest.fixture(scope="module")
def address(tmp_path_factory):
    with server(CLASSROOM_DATA=str(tmp_path_factory.mktemp("class")), DATABASE_URL="") as running:
        yield running


def at(page, step: str) -> None:
    """Wait until this step of the lesson is the one in view, and all of it."""
    page.get_by_role("radio", name=step, exact=True, checked=True).wait_for()
    settled(page)


def press(page, name: str) -> None:
    """Click the button of this label, once nothing of an earlier view is left: that may have one of the same label."""
    settled(page)
    button(page, name).click()


def settled(page) -> None:
    until(
        page,
        """() => document.querySelector("[data-testid=stApp]")?.dataset.testScriptState === "notRunning"
        && !document.querySelector("[data-stale=true]")""",
    )


def option(page, text: str):
    """The answer of this text."""
    return page.get_by_test_id("stRadio").get_by_text(plain(text), exact=True).first


def tab_to(page, name: str) -> None:
    """Press Tab until what has the focus is called this, as somebody without a mouse does."""
    said = """() => { let e = document.activeElement
        while (e.shadowRoot && e.shadowRoot.activeElement) e = e.shadowRoot.activeElement
        return e.getAttribute("aria-label") || e.innerText || e.closest("label")?.innerText || "" }"""
    for _ in range(TABS):
        page.keyboard.press("Tab")
        if page.evaluate(said).strip().startswith(name):
            return
    raise AssertionError(f"{TABS} times Tab do not lead to {name}")


def onward(page) -> None:
    """Next, by keys. Other things are called Next too, so it is found from the link after it."""
    settled(page)
    tab_to(page, "All lessons")
    page.keyboard.press("Shift+Tab")
    page.keyboard.press("Enter")


def holds(page, value: str) -> None:
    """Wait until the slider stands at this value."""
    until(page, "value => document.querySelector('input[type=range]')?.value === value", value)


def no_wider(page, width: int = 390) -> bool:
    return page.evaluate("document.documentElement.scrollWidth") <= width


def test_a_whole_lesson_by_mouse(visit):
    page = visit("learn")
    page.get_by_role("heading", name="Learn").wait_for()
    page.locator(".st-key-open-3 button:visible").click()
    at(page, "Start")
    press(page, "Next")
    at(page, "Predict")
    assert button(page, "Next").is_disabled()  # no run without a prediction
    box = page.get_by_test_id("stSlider").get_by_role("group").bounding_box()
    middle = box["y"] + box["height"] / 2
    page.mouse.move(box["x"] + box["width"] / 2, middle)
    page.mouse.down()
    page.mouse.move(box["x"] + 0.3 * box["width"], middle, steps=5)
    page.mouse.up()
    guess = int(page.get_by_role("slider").input_value())
    assert 25 <= guess <= 35
    press(page, "Lock my prediction")
    page.wait_for_url(re.compile(f"step=run.*p3={guess}(&|$)"))
    press(page, "Back")
    page.get_by_text(f"Locked: {guess} %.").wait_for()
    settled(page)
    assert page.get_by_role("slider").count() == 0 and button(page, "Lock my prediction").count() == 0
    press(page, "Next")
    for place in range(2, 4):
        press(page, "Next step")
        page.get_by_text(f"{place} of 7:").wait_for()
    press(page, "Next")
    page.get_by_text(f"You predicted {guess} %; measured was 60 %").wait_for()
    press(page, "Next")
    at(page, "Why")
    page.reload()
    at(page, "Why")
    assert f"p3={guess}" in page.url
    option(page, LESSON.why.options[WRONG].text).click()
    page.get_by_text(LESSON.why.options[WRONG].feedback).wait_for()
    assert page.get_by_text("Yes:").count() == 0
    option(page, LESSON.why.options[LESSON.why.right].text).click()
    page.get_by_test_id("stAlert").filter(has_text="Yes:").wait_for()
    for step in STEPS[5:]:
        press(page, "Next")
        at(page, step)
    page.get_by_text(LESSON.summary[0]).wait_for()
    page.wait_for_url(re.compile(r"done=3(&|$)"))


def test_the_same_lesson_by_keyboard_alone(visit):
    page = visit("learn", color_scheme="dark")
    page.get_by_role("heading", name="Learn").wait_for()
    page.locator(".st-key-open-3").wait_for()
    for _ in range(3):
        tab_to(page, "Start")
    page.keyboard.press("Enter")
    page.get_by_role("heading", name=LESSON.title).wait_for()
    at(page, "Start")
    tab_to(page, "Next")
    page.keyboard.press("Enter")
    at(page, "Predict")
    slider = page.get_by_role("slider")
    slider.wait_for()
    tab_to(page, LESSON.prediction.label)
    for _ in range(5):
        page.keyboard.press("ArrowLeft")
    holds(page, "45")
    tab_to(page, "Lock my prediction")
    page.keyboard.press("Space")
    at(page, "Run")
    page.get_by_text("1 of 7:").wait_for()
    page.keyboard.press("ArrowRight")
    page.get_by_text("2 of 7:").wait_for()
    for step in STEPS[3:5]:
        onward(page)
        at(page, step)
    tab_to(page, plain(LESSON.why.options[0].text))
    page.keyboard.press("Space")
    page.get_by_test_id("stAlert").wait_for()
    page.keyboard.press("ArrowDown")
    page.get_by_text(plain(LESSON.why.options[1].feedback)[:15]).wait_for()
    for step in STEPS[5:]:
        onward(page)
        at(page, step)
    page.get_by_text(LESSON.summary[0]).wait_for()
    assert "p3=45" in page.url and "done=3" in page.url


def test_a_whole_lesson_on_a_phone_is_wide_enough_and_accessible(visit):
    page = visit("learn?lesson=3", **PHONE)
    for step in STEPS:
        at(page, step)
        if step == "Run":
            page.locator("canvas").first.wait_for()
        if step == "Compare":
            page.get_by_text("of green leaks").first.wait_for()
            settled(page)
        if step == "Why":
            option(page, LESSON.why.options[WRONG].text).tap()
            page.get_by_text(LESSON.why.options[WRONG].feedback).wait_for()
        assert no_wider(page), step
        assert not violations(page), step
        if step != STEPS[-1]:
            press(page, "Skip" if step == "Predict" else "Next")


def test_the_handout_and_the_key_are_files(visit):
    page = visit("learn?lesson=3")
    with page.expect_download() as paper:
        press(page, "Handout")
    press(page, "For teachers")
    with page.expect_download() as answers:
        press(page, "Notes and answers")
    texts = [found.value.path().read_text(encoding="utf-8") for found in (paper, answers)]
    assert [found.value.suggested_filename for found in (paper, answers)] == ["lesson-03.html", "lesson-03-key.html"]
    for text in texts:
        assert text.startswith("<!doctype html>") and LESSON.title in text
    told = LESSON.why.options[WRONG].feedback
    assert told not in texts[0] and told in texts[1]


def test_a_curve_is_drawn_by_hand(visit):
    page = visit("learn?lesson=11&step=predict")
    page.locator(".sketch svg text", has_text="500").wait_for()
    settled(page)
    assert button(page, "Lock my prediction").is_disabled()
    box = page.locator(".sketch svg").bounding_box()
    left, right, top = box["x"] + 46, box["x"] + box["width"] - 14, box["y"] + 28
    page.mouse.move(left, top + 20)
    page.mouse.down()
    page.mouse.move(right, top + 150, steps=25)
    page.mouse.up()
    press(page, "Lock my prediction")
    page.wait_for_url(re.compile("p11="))
    heights = [float(x) for x in re.search(r"p11=([\d_.]+)", page.url)[1].split("_")]
    assert len(heights) == 5 and heights == sorted(heights, reverse=True) and heights[0] >= 85 and heights[-1] <= 35
    assert all(height % 5 == 0 for height in heights)
    press(page, "Back")
    locked = page.get_by_role("img", name=re.compile("Your curve: share of the slow memory"))
    locked.wait_for()
    settled(page)
    locked.hover()
    page.mouse.down()
    page.mouse.move(left, top, steps=3)
    page.mouse.up()
    page.reload()
    page.get_by_text(f"Locked: {heights[0]:g} % at 20").wait_for()
    assert not violations(page)


def test_a_curve_is_drawn_by_keys_on_a_phone(visit):
    page = visit("learn?lesson=11&step=predict", color_scheme="dark", **PHONE)
    page.locator(".sketch svg text", has_text="500").wait_for()
    settled(page)
    assert no_wider(page) and not violations(page)
    tab_to(page, "share of the slow memory from A")
    for key in ("ArrowUp", "ArrowUp", "ArrowRight", "ArrowDown", "End", "PageDown", "Home", "PageUp"):
        page.keyboard.press(key)
    page.get_by_text("Draw over it to change it").wait_for()
    page.locator("button:enabled", has_text=re.compile("^Lock")).wait_for()
    tab_to(page, "Lock my prediction")
    page.keyboard.press("Enter")
    page.wait_for_url(re.compile("p11=85_55_55_30_30"))


def test_a_class_goes_through_a_lesson(visit):
    teacher = visit("teach")
    teacher.get_by_label("Name of the class").fill("Physics 9b")
    teacher.get_by_label("Name of the class").press("Tab")
    chosen = teacher.get_by_role("combobox", name="Activity")
    chosen.click()
    chosen.fill("Lesson 3")
    teacher.get_by_role("option", name=re.compile(LESSON.title)).click()
    teacher.get_by_text(LESSON.idea).wait_for()
    press(teacher, "Make the room")
    teacher.get_by_text("Speaker notes").wait_for()
    student = visit(f"join?code={teacher.url.split('room=')[1][:5]}", **PHONE)
    press(student, "Join")
    student.get_by_text("What is a weight update?").wait_for()
    press(teacher, "Next step")
    slider = student.get_by_role("slider")
    slider.wait_for()
    slider.press("ArrowRight")
    holds(student, "51")
    press(student, "Send")
    student.get_by_text("You can change it until it is locked").wait_for()
    teacher.get_by_text("1 of 1 answered").wait_for()
    press(teacher, "Lock the answers")
    student.get_by_text("Locked. You answered: 51 %.").wait_for()
    settled(student)
    assert slider.count() == 0 and button(student, "Send again").count() == 0
    press(teacher, "Next step")
    teacher.get_by_role("link", name="Lesson of this step").wait_for()
    lesson = visit(teacher.get_by_role("link", name="Lesson of this step").get_attribute("href"))
    lesson.get_by_text("1 of 7:").wait_for()  # on the projector, without asking for a prediction again
    press(teacher, "Next step")
    student.get_by_text("You predicted 51 %; measured was 60 %: close.").wait_for()
    student.locator("canvas").nth(1).wait_for()
    settled(student)
    assert no_wider(student) and not violations(student) and not violations(teacher)
