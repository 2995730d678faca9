"""Two hundred visits, one after the other on real websockets: the server keeps nothing of those that left.

Every tenth visitor also trains and leaves in the middle. `pytest -m slow`.
"""

import asyncio
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest
from streamlit.proto.BackMsg_pb2 import BackMsg
from streamlit.proto.ForwardMsg_pb2 import ForwardMsg

from tests.browsing import ROOT, free_port, healthy

websockets = pytest.importorskip("websockets")
pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(not Path("/proc/self/status").exists(), reason="reads what a process holds from /proc"),
]

BEFORE, VISITS, AT_ONCE = 40, 200, 4
TTL = 1  # seconds that the server remembers a closed tab here, so that the test need not wait for a minute


async def visit(port: int, trains: bool) -> None:
    """Open the playground, wait for all of it, perhaps press Run, and close the tab."""
    url = f"ws://localhost:{port}/_stcore/stream"
    async with websockets.connect(url, subprotocols=["streamlit"], max_size=None) as socket:
        run = await ask(socket)
        assert run, "the page has no button Run"
        if trains:
            await ask(socket, run)
            await asyncio.sleep(0.3)


async def ask(socket, button: str = "") -> str:
    """Ask for a run of the page and wait until it is done; the id of the button Run, if there is one."""
    message, found = BackMsg(), ""
    message.rerun_script.page_name = "playground"
    if button:
        message.rerun_script.widget_states.widgets.add(id=button, trigger_value=True)
    await socket.send(message.SerializeToString())
    while True:
        answer = ForwardMsg.FromString(await socket.recv())
        kind = answer.WhichOneof("type")
        if kind == "delta" and answer.delta.WhichOneof("type") == "new_element":
            element = answer.delta.new_element
            assert element.WhichOneof("type") != "exception", element.exception.message
            if element.WhichOneof("type") == "button" and element.button.label == "Run":
                found = element.button.id
        if kind == "script_finished" and answer.script_finished != ForwardMsg.FINISHED_EARLY_FOR_RERUN:
            return found


async def visits(port: int, count: int) -> None:
    async def some(start: int) -> None:
        for number in range(start, count, AT_ONCE):
            await visit(port, number % 10 == 0)

    await asyncio.gather(*(some(start) for start in range(AT_ONCE)))
    await asyncio.sleep(6 * TTL)


def held(pid: int) -> dict[str, float]:
    """What the server holds: megabytes, threads, open files, processes that it started."""
    proc = Path(f"/proc/{pid}")
    status = dict(line.split(":", 1) for line in (proc / "status").read_text().splitlines())
    children = sum(len((task / "children").read_text().split()) for task in (proc / "task").iterdir())
    return {
        "MB": int(status["VmRSS"].split()[0]) / 1024,
        "threads": int(status["Threads"]),
        "files": len(list((proc / "fd").iterdir())),
        "processes": children,
    }


def test_visits_leave_nothing_behind(tmp_path):
    port = free_port()
    command = [sys.executable, "-m", "streamlit", "run", "app/server.py", "--server.headless", "true"]
    options = ["--server.port", str(port), "--server.disconnectedSessionTTL", str(TTL)]
    server = subprocess.Popen(command + options, cwd=ROOT, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    try:
        assert healthy(port)
        asyncio.run(visits(port, BEFORE))
        before, began = held(server.pid), time.monotonic()
        asyncio.run(visits(port, VISITS))
        after, seconds = held(server.pid), time.monotonic() - began
    finally:
        os.kill(server.pid, signal.SIGTERM)
        server.wait(30)
    print(f"\nafter {BEFORE} visits {before}, after {VISITS} more {after}, {VISITS / seconds:.1f} visits a second")
    assert after["MB"] <= 1.1 * before["MB"]
    assert all(after[name] <= before[name] + 4 for name in ("threads", "files", "processes"))
