"""The playground under Streamlit's own test harness, with stand-ins that train without torch."""

import io
import time
from pathlib import Path

import pytest
from streamlit.testing.v1 import AppTest

from app import state
from app.desk import Desk
from app.engine.engine import Engine
from app.runner import Comparison
from nested_core import presets
from nested_core.config import RunConfig

MAIN = str(Path(__file__).resolve().parent.parent / "app" / "main.py")


@pytest.fixture(scope="module")
def workers():
    engine = Engine(2, "tests.fake_run:FakeRun", seats=1)
    engine.warm()
    yield engine
    engine.close()


@pytest.fixture
def page(workers, monkeypatch):
    held = Desk(workers)
    monkeypatch.setattr(state, "desk", lambda: held)
    held.fresh = False  # without the recording of a first visit
    test = AppTest.from_file(MAIN, default_timeout=20)
    test.desk = held
    yield test.switch_page("app_pages/playground.py").run()
    held.reset()


def wait(until, seconds=10.0):
    end = time.monotonic() + seconds
    while not until():
        assert time.monotonic() < end, "waited too long"
        time.sleep(0.005)


def press(page, name):
    next(b for b in page.button if b.label == name).click()
    page.run()
    assert not page.exception


def text(page) -> str:
    return "\n".join(m.value for m in [*page.markdown, *page.caption, *page.error, *page.info])


def address(page) -> dict[str, str]:
    """The query of the page's address."""
    return {k: v if isinstance(v, str) else v[0] for k, v in page.query_params.items()}


def comparison(engine, seed=0, **changes) -> Comparison:
    stream = presets.stream("permuted_digits", 1, **{"tasks": 3, "dwell": 100, **changes})
    return Comparison(engine, [RunConfig(stream, arm) for arm in presets.arms(stream)], seed)


class Upload(io.BytesIO):
    """What Streamlit's uploader gives."""

    def __init__(self, name: str, data: bytes):
        super().__init__(data)
        self.name, self.size = name, len(data)
