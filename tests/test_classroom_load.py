"""A class of forty on real websocket clients, and a server that is killed in the middle: `pytest -m slow`.

Each client does what a browser does: it opens the students' page by its address, lets the page's fragment tick at the
pace that the page asks for, answers when the teacher opens a question, and waits for the server's last message.
"""

import asyncio
import os
import signal
import subprocess
import sys
import time
from pathlib import Path
from urllib.parse import urlencode

import numpy as np
import pytest
from streamlit.proto.BackMsg_pb2 import BackMsg
from streamlit.proto.ForwardMsg_pb2 import ForwardMsg

from app.classroom.store import Store
from tests.browsing import free_port, healthy

websockets = pytest.importorskip("websockets")
pytestmark = pytest.mark.slow

ROOT = Path(__file__).resolve().parent.parent
STUDENTS = 40
P95_SECONDS = 0.5
SLACK = 4  # the clients share the two cores with the server, and with whatever else runs; the print is the measurement


def serve(port: int, folder: Path) -> subprocess.Popen:
    """The students' page, ready when this returns."""
    command = [sys.executable, "-m", "streamlit", "run", "app/app_pages/join.py", "--server.headless", "true"]
    environment = {**os.environ, "CLASSROOM_DATA": str(folder), "PYTHONPATH": str(ROOT)}
    environment.pop("DATABASE_URL", None)
    with open(folder / "server.log", "ab") as log:
        server = subprocess.Popen(
            [*command, "--server.port", str(port)], cwd=ROOT, env=environment, stdout=log, stderr=log
        )
    if healthy(port):
        return server
    server.kill()
    raise AssertionError("the server did not start: " + (folder / "server.log").read_text()[-500:])


class Student:
    """One browser."""

    def __init__(self, port: int, code: str, token: str, number: int):
        self.port, self.query = port, urlencode({"code": code, "me": token})
        self.number = number
        self.radio = self.send = self.fragment = ""
        self.words: list[str] = []
        self.ticks: list[float] = []  # seconds that a tick, and an answer, took
        self.answers: list[float] = []
        self.answered: set[str] = set()

    async def enter(self) -> None:
        url = f"ws://localhost:{self.port}/_stcore/stream"
        self.socket = await websockets.connect(url, subprotocols=["streamlit"], max_size=None)
        await self.ask()

    async def ask(self, fragment: str = "", choice: int | None = None) -> float:
        """Ask for a run of the page, or of its fragment, and wait until it is done; seconds."""
        message = BackMsg()
        state = message.rerun_script
        state.query_string, state.fragment_id, state.is_auto_rerun = self.query, fragment, bool(fragment)
        if choice is not None:
            state.widget_states.widgets.add(id=self.radio, string_value=self.options[choice])
            state.widget_states.widgets.add(id=self.send, trigger_value=True)
        self.whole = not fragment
        began = time.perf_counter()
        await self.socket.send(message.SerializeToString())
        while not self._done(ForwardMsg.FromString(await self.socket.recv())):
            pass
        return time.perf_counter() - began

    def _done(self, message: ForwardMsg) -> bool:
        kind = message.WhichOneof("type")
        if kind == "new_session":
            if self.whole:
                self.radio = self.send = self.fragment = ""
                self.words = []
            self.whole = True  # a second run within one request is of the whole page
        elif kind == "auto_rerun":
            self.fragment, self.pace = message.auto_rerun.fragment_id, message.auto_rerun.interval
        elif kind == "delta" and message.delta.WhichOneof("type") == "new_element":
            element = message.delta.new_element
            found = element.WhichOneof("type")
            if found == "radio":
                self.radio, self.options = element.radio.id, element.radio.options
            elif found == "button" and element.button.label.startswith("Send"):
                self.send = element.button.id
            elif found in ("markdown", "alert", "exception"):
                body = element.exception.message if found == "exception" else getattr(element, found).body
                self.words.append(body)
                assert found != "exception", body
        # A tick that finds the class elsewhere ends early, and the whole page follows.
        return kind == "script_finished" and message.script_finished != ForwardMsg.FINISHED_EARLY_FOR_RERUN

    async def live(self, stop: asyncio.Event) -> None:
        """Tick as the page asks; answer each new question once, after some thought."""
        thought, answered = np.random.default_rng(self.number), self.answered
        await asyncio.sleep(thought.random() * self.pace)
        while not stop.is_set():
            question = next((w for w in self.words if w.endswith("?") or "claim" in w), "")
            if self.radio and self.send and question not in answered:
                await asyncio.sleep(thought.uniform(0.5, 4.0))
                self.answers.append(await self.ask(choice=self.number % 3))
                answered.add(question)
                assert any("You can change it" in words for words in self.words), self.words
            await asyncio.sleep(self.pace)
            self.ticks.append(await self.ask(self.fragment))


def p95(times: list[float]) -> float:
    return float(np.percentile(times, 95))


def test_a_class_of_forty_loses_nothing_also_when_the_server_is_killed(tmp_path):
    port, url = free_port(), f"sqlite:///{tmp_path / 'classroom.sqlite'}"
    server, store = serve(port, tmp_path), Store(url)
    code = store.create("t", "", "break").code
    people = [Student(port, code, store.join(code), number) for number in range(STUDENTS)]

    async def lesson(step: int, seconds: float) -> None:
        """Everybody opens the page anew; the teacher goes to a question; a while later all have answered."""
        stop = asyncio.Event()
        try:
            await asyncio.gather(*(one.enter() for one in people))
            alive = [asyncio.create_task(one.live(stop)) for one in people]
            await asyncio.sleep(2)
            await asyncio.to_thread(store.steer, "t", code, step=step)
            await asyncio.sleep(seconds)
            stop.set()
            await asyncio.gather(*alive)
        finally:
            await asyncio.gather(*(one.socket.close() for one in people))

    try:
        asyncio.run(lesson(1, 15))
        os.kill(server.pid, signal.SIGKILL)
        server.wait()
        before = store.view(code).answers["return"]
        assert len(before) == STUDENTS
        server = serve(port, tmp_path)
        asyncio.run(lesson(4, 15))
    finally:
        server.kill()
        server.wait()
    found = store.view(code).answers
    store.engine.dispose()
    expected = {student: (seed - 1) % 3 for student, _, seed in store.view(code).students}
    assert found == {"return": expected, "claim": expected} and found["return"] == before
    ticks, answers = ([t for one in people for t in getattr(one, kind)] for kind in ("ticks", "answers"))
    print(
        f"\n{STUDENTS} students, {len(ticks)} ticks: p50 {np.median(ticks):.3f} s, p95 {p95(ticks):.3f} s; "
        f"{len(answers)} answers: p50 {np.median(answers):.3f} s, p95 {p95(answers):.3f} s; "
        f"load of the machine {os.getloadavg()[0]:.1f} on {os.cpu_count()} cores"
    )
    assert len(answers) == 2 * STUDENTS
    assert p95(ticks) < SLACK * P95_SECONDS and p95(answers) < SLACK * P95_SECONDS
