"""One walk through the app in a real Chromium: `pytest -m browser`. Prints what it measured."""

import re
import time

import pytest

from tests.browsing import CHROMIUM, server, until

STEP = re.compile(r"Step (\d+) / (\d+)")
FIRST_CURVE_SECONDS = 3.0
PAUSE_SECONDS = 0.3
FRAMES_A_SECOND = 20  # of the stage
REFRESHES_A_SECOND = 3  # of the charts
SLACK = 3  # this machine may be busy with something else; the printed numbers are the measurement
ENGLISH = "It was the best of times, it was the worst of times, it was the age of wisdom. " * 60
NUMBERS = "one two three four five six seven eight nine ten eleven twelve thirteen fourteen. " * 60

pytestmark = [
    pytest.mark.browser,
    pytest.mark.skipif(CHROMIUM is None, reason="no Chromium here: install the package chromium, or run `make test`"),
]


@pytest.fixture(scope="module")
def address():
    with server() as running:
        yield running


class Visitor:
    """A page with what a person does on it; collects console errors and requests to elsewhere."""

    def __init__(self, browser, address, **options):
        self.page = browser.new_page(**{"viewport": {"width": 1280, "height": 900}, **options})
        self.page.set_default_timeout(20_000)
        self.errors, self.outside = [], []
        self.page.on("console", lambda m: self.errors.append(m.text) if m.type == "error" else None)
        self.page.on("pageerror", lambda error: self.errors.append(str(error)))
        self.page.on(
            "request",
            lambda r: self.outside.append(r.url) if re.match(r"(?!\w+://localhost[:/])(http|ws)", r.url) else None,
        )
        self.began = time.monotonic()
        self.page.goto(address if "?" in address else f"{address}/playground")
        self.button("Run").wait_for()

    def button(self, name):
        """The button of this label; its key, if it has one, is written beside it."""
        return self.page.get_by_role("button", name=re.compile(rf"^{name}( |$)"))

    def press(self, name) -> float:
        """Press a button once it can be pressed; the time of the click."""
        until(
            self.page,
            "name => [...document.querySelectorAll('button:enabled')].some(b => b.innerText.split(/\\s/)[0] === name)",
            name,
        )
        self.button(name).click()
        return time.monotonic()

    def step(self) -> int:
        found = STEP.search(self.page.inner_text("body"))
        return int(found[1]) if found else 0

    def wait(self, until, seconds=60.0):
        end = time.monotonic() + seconds
        while not until():
            assert time.monotonic() < end, self.page.inner_text("body")[:2000]
            time.sleep(0.01)

    def choose(self, stream):
        self.page.get_by_role("combobox", name="Stream").click()
        self.page.get_by_role("option", name=stream, exact=True).click()

    def picture(self) -> bytes:
        return self.page.locator("canvas").first.screenshot()

    def count_frames(self) -> None:
        """Count from now on how often the stage is painted."""
        self.page.evaluate(
            """() => { const ctx = document.querySelector('.stage canvas').getContext('2d'), plain = ctx.clearRect
            window.painted = 0; ctx.clearRect = function (...box) { window.painted++; plain.apply(this, box) } }"""
        )


@pytest.mark.slow
def test_a_first_visit(browser, address):
    visitor = Visitor(browser, address)
    page = visitor.page
    page.locator("canvas").first.wait_for()  # the shipped recording, moving before anybody pressed a button
    at = visitor.step()
    visitor.wait(lambda: visitor.step() > at or at == 1500)  # a slow machine shows its end first
    arrived = time.monotonic() - visitor.began

    page.goto(f"{address}/playground?dwell=2000")  # long enough to be paused
    visitor.wait(lambda: "Step 0 / 10000" in page.inner_text("body"))
    clicked = visitor.press("Run")
    visitor.wait(lambda: "· training" in page.inner_text("body") and visitor.step() > 0)
    first = time.monotonic() - clicked
    page.locator("canvas").first.wait_for()
    before = visitor.picture()
    visitor.count_frames()
    messages = int(page.locator(".stage").get_attribute("data-frames"))
    shown, start = set(), time.monotonic()
    while time.monotonic() - start < 3:
        shown.add(visitor.step())
    seconds = time.monotonic() - start
    refreshes, frames = len(shown) / seconds, page.evaluate("window.painted") / seconds
    messages = (int(page.locator(".stage").get_attribute("data-frames")) - messages) / seconds
    assert visitor.picture() != before, "the curves stand still"

    clicked = visitor.press("Pause")
    visitor.wait(lambda: "· paused" in page.inner_text("body"))
    paused = time.monotonic() - clicked
    at = visitor.step()
    time.sleep(0.5)
    assert visitor.step() == at
    visitor.press("Step")
    visitor.wait(lambda: visitor.step() == at + 1)
    visitor.press("Reset")
    visitor.wait(lambda: visitor.step() == 0)

    visitor.choose("Your own text")
    upload = page.get_by_test_id("stFileUploader").filter(has_text="text files").locator("input[type=file]")
    upload.set_input_files([{"name": "empty.txt", "mimeType": "text/plain", "buffer": b""}])
    page.get_by_text("text 'empty.txt'").first.wait_for()
    assert visitor.button("Run").is_disabled()
    page.get_by_role("button", name=re.compile("Remove empty.txt|Delete|close", re.I)).first.click()
    files = [("tale.txt", ENGLISH), ("count.txt", NUMBERS)]
    upload.set_input_files([{"name": n, "mimeType": "text/plain", "buffer": t.encode()} for n, t in files])
    visitor.press("Run")
    visitor.wait(lambda: visitor.step() > 0)
    assert "tale.txt" in page.inner_text("body")
    visitor.press("Reset")
    print(
        f"\nmoving picture {arrived:.2f} s after the address; after Run first curve {first:.2f} s, "
        f"pause {paused:.2f} s, {refreshes:.1f} refreshes/s; the stage got {messages:.1f} frames/s of data, "
        f"painted {frames:.1f}"
    )
    assert visitor.errors == [] and visitor.outside == []
    assert frames >= FRAMES_A_SECOND / SLACK and messages > refreshes
    assert (
        first < FIRST_CURVE_SECONDS * SLACK
        and paused < PAUSE_SECONDS * SLACK
        and refreshes >= REFRESHES_A_SECOND / SLACK
    )
    page.close()


def test_on_a_phone_nothing_is_cut_off(browser, address):
    visitor = Visitor(browser, f"{address}/playground?seed=1", viewport={"width": 390, "height": 844})
    visitor.press("Step")
    visitor.wait(lambda: visitor.step() == 1)
    visitor.page.locator("canvas").first.wait_for()
    width = visitor.page.evaluate("document.documentElement.scrollWidth")
    assert width <= 390 and visitor.errors == []
    visitor.page.close()


LINK = "playground?v=1&stream=class_digits&tasks=3&dwell=60&levels=1*0.3_8*0.3&with=single_loop&seed=3"


@pytest.mark.parametrize("part", ["Selectbox", "ButtonGroup"])
def test_a_link_holds_even_if_one_is_faster_than_the_browser_draws(browser, address, part):
    page, late = browser.new_page(), []
    page.route(
        re.compile(rf"/{part}\.[^/]*\.js$"), lambda route: late.append(route)
    )  # these controls are drawn only later
    page.goto(f"{address}/{LINK}")
    page.get_by_role("button", name=re.compile("^Run( |$)")).click()
    page.get_by_text(re.compile("computed (just now|on this server)")).first.wait_for()
    assert late, f"{part} has another name in this Streamlit"
    for route in late:
        route.continue_()
    page.get_by_text("Step 180 / 180 · finished").wait_for(timeout=60_000)
    page.get_by_role("button", name=re.compile("^Start( |$)")).click()
    page.get_by_text("Step 0 / 180").wait_for()
    assert "stream=class_digits&tasks=3&rounds=1&dwell=60&seed=3" in page.evaluate("location.href")
    assert page.evaluate("location.href").endswith("with=single_loop")
    page.close()


def test_by_keyboard_alone_and_by_link(browser, address):
    link = f"{address}/{LINK}"
    first, second = Visitor(browser, link), Visitor(browser, link)
    finals = []
    for visitor in (first, second):
        visitor.wait(lambda v=visitor: "Step 0 / 180" in v.page.inner_text("body"))
        visitor.page.keyboard.press("Space")
        visitor.wait(lambda v=visitor: "Step 180 / 180 · finished" in v.page.inner_text("body"))
        visitor.page.get_by_text("After all 3 tasks:").first.wait_for()  # a found run is finished before it is drawn
        finals.append(re.search(r"After all 3 tasks: .*", visitor.page.inner_text("body"))[0])
    assert finals[0] == finals[1]  # the same link, the same run
    page = first.page
    page.keyboard.press("Home")
    first.wait(lambda: "Step 0 / 180" in page.inner_text("body"))
    page.keyboard.press("ArrowRight")
    first.wait(lambda: "Step 1 / 180" in page.inner_text("body") and "every 1 moves" in page.inner_text("body"))
    page.keyboard.press("ArrowLeft")
    first.wait(lambda: "Step 0 / 180" in page.inner_text("body"))
    page.keyboard.press("n")
    first.wait(lambda: "seed=4" in page.evaluate("location.href"))
    assert first.errors == [] and first.outside == []
    first.page.close()
    second.page.close()
