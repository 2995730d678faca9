"""Pictures of every page: light, dark, projector, phone. `make screenshots` writes them to screenshots/."""

import sys
import tempfile
from pathlib import Path

from tests.browsing import CHROMIUM, ROOT, chromium, server, until

SIZES = {  # name: what the browser is told
    "light": dict(viewport={"width": 1280, "height": 900}),
    "dark": dict(viewport={"width": 1280, "height": 900}, color_scheme="dark"),
    "projector": dict(viewport={"width": 1024, "height": 768}),
    "phone": dict(viewport={"width": 390, "height": 844}, has_touch=True, is_mobile=True),
}
PAGES = ("playground", "learn", "memory", "draw", "compare", "teach", "join")
LINK = "playground?v=1&stream=class_digits&tasks=5&dwell=60&seed=3"


def settle(page) -> None:
    """Wait until Streamlit has drawn everything, and a little longer."""
    page.get_by_test_id("stMainBlockContainer").wait_for()
    until(page, "() => !document.querySelector('[data-testid=stStatusWidget]')")
    page.wait_for_timeout(1500)


def main(folder: Path) -> None:
    folder.mkdir(exist_ok=True)
    with tempfile.TemporaryDirectory() as data, server(CLASSROOM_DATA=data) as address, chromium() as browser:
        for size, options in SIZES.items():
            context = browser.new_context(**options)
            page = context.new_page()
            page.set_default_timeout(60_000)
            for name in PAGES:
                page.goto(f"{address}/{name}")
                settle(page)
                page.screenshot(path=folder / f"{name}-{size}.png")
            page.goto(f"{address}/{LINK}")
            settle(page)
            page.locator("button:enabled", has_text="Run").first.click()
            page.get_by_text("finished").first.wait_for()
            settle(page)
            page.screenshot(path=folder / f"run-{size}.png")
            context.close()
    print(f"{len(SIZES) * (len(PAGES) + 1)} pictures in {folder.relative_to(ROOT)}/")


if __name__ == "__main__":
    if CHROMIUM is None:
        sys.exit("No Chromium found: install it (Debian: apt-get install chromium) or set CHROMIUM to its path.")
    main(ROOT / "screenshots")
