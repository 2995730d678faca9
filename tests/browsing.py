"""A server and a real Chromium for tests and screenshots."""

import contextlib
import os
import shutil
import socket
import subprocess
import sys
import time
import urllib.request
from collections.abc import Iterator
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
NAMES = ("chromium", "chromium-browser", "google-chrome")
CHROMIUM = os.environ.get("CHROMIUM") or next((path for name in NAMES if (path := shutil.which(name))), None)


def free_port() -> int:
    with socket.socket() as free:
        free.bind(("localhost", 0))
        return free.getsockname()[1]


def healthy(port: int) -> bool:
    """Whether the server answers, within a minute."""
    for _ in range(600):
        with contextlib.suppress(OSError):
            urllib.request.urlopen(f"http://localhost:{port}/_stcore/health", timeout=1).close()
            return True
        time.sleep(0.1)
    return False


@contextlib.contextmanager
def server(**environment: str) -> Iterator[str]:
    """The app on a free port, as `make play` starts it: its address. It is ended afterwards."""
    port = free_port()
    command = [sys.executable, "-m", "streamlit", "run", "app/server.py"]
    options = ["--server.headless", "true", "--server.port", str(port)]
    quiet = dict(stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    process = subprocess.Popen(command + options, cwd=ROOT, env={**os.environ, **environment}, **quiet)
    try:
        healthy(port)
        yield f"http://localhost:{port}"
    finally:
        process.terminate()
        process.wait(30)


def until(page, expression: str, value=None, seconds: float = 60.0) -> None:
    """Wait until a JavaScript function says yes. The pages' own policy forbids Playwright's wait_for_function: it would
    evaluate a string inside the page."""
    end = time.monotonic() + seconds
    while not page.evaluate(expression, value):
        assert time.monotonic() < end, f"never true: {expression}"
        time.sleep(0.03)


@contextlib.contextmanager
def chromium():
    """Playwright's handle of a headless Chromium; ImportError without Playwright."""
    from playwright.sync_api import sync_playwright

    with sync_playwright() as driver:
        browser = driver.chromium.launch(executable_path=CHROMIUM, args=["--no-sandbox"])
        yield browser
        browser.close()
