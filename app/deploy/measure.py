"""What learners cost this machine: seconds of a core, also on a busy machine; Linux only, it reads /proc.

A real server is started; a student's page and a playground that trains tick over real websockets, one after the other.
"""

import asyncio
import contextlib
import json
import os
import platform
import re
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import urlencode
from urllib.request import urlopen

from app import samples
from app.classroom.store import Store
from app.views import stage
from nested_core import presets
from nested_core.config import RunConfig
from nested_core.run import Run
from nested_core.trace import Trace

from .capacity import Costs
from .tab import Tab

ROOT = Path(__file__).resolve().parents[2]
TICKS, SESSIONS, ANSWERS, STEPS, FRAMES = 150, 20, 200, 300, 200
TICK = os.sysconf("SC_CLK_TCK") if hasattr(os, "sysconf") else 100


def where() -> dict[str, str]:
    """What the numbers depend on."""
    found = re.search(r"model name\s*:\s*(.+)", Path("/proc/cpuinfo").read_text())
    load = f"{os.getloadavg()[0]:.1f}"
    return {"processor": found[1] if found else platform.machine(), "cores": str(os.cpu_count()), "load": load}


def seconds(pid: int) -> float:
    """Of a core, that a process has had."""
    after = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    return (int(after[11]) + int(after[12])) / TICK


def megabytes(pid: int) -> float:
    status = Path(f"/proc/{pid}/status").read_text()
    return int(re.findall(r"VmRSS:\s+(\d+)", status)[0]) / 1024


def children(pid: int) -> list[int]:
    found = []
    for task in Path(f"/proc/{pid}/task").iterdir():
        with contextlib.suppress(OSError):  # a thread may end meanwhile
            found += map(int, (task / "children").read_text().split())
    return found


@contextlib.contextmanager
def serving(environment: dict[str, str], *options: str) -> Iterator[tuple[str, int]]:
    """A server with an empty cache and classroom, once its workers have imported torch: its address and process id."""
    with socket.socket() as free:
        free.bind(("localhost", 0))
        port = free.getsockname()[1]
    command = [sys.executable, "-m", "streamlit", "run", "app/server.py", "--server.headless", "true"]
    quiet = dict(stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    with tempfile.TemporaryDirectory() as folder:
        own = {"CLASSROOM_DATA": folder, "XDG_CACHE_HOME": folder, "DATABASE_URL": "", **environment}
        command += ["--server.port", str(port), *options]
        server = subprocess.Popen(command, cwd=ROOT, env={**os.environ, **own}, **quiet)
        try:
            for _ in range(300):
                with contextlib.suppress(OSError):
                    urlopen(f"http://localhost:{port}/healthz", timeout=5).close()
                    break
                time.sleep(0.2)
            yield f"http://localhost:{port}", server.pid
        finally:
            server.terminate()
            server.wait(30)


async def ticks(tab: Tab, pid: int) -> float:
    """Seconds of the server's core for one tick."""
    for _ in range(10):
        await tab.tick()
    before = seconds(pid)
    for _ in range(TICKS):
        await tab.tick()
    return (seconds(pid) - before) / TICKS


async def pages(address: str, pid: int, code: str, tokens: list[str]) -> dict[str, float]:
    """Costs of pages: of a student's tick, a playing learner's, and of the memory that an open tab holds."""
    server = megabytes(pid)
    tabs = [Tab(address, "join", urlencode({"code": code, "me": token})) for token in tokens]
    for tab in tabs:
        await tab.open()
        await tab.tick()
    found = {"server_mb": server, "session_mb": max(0.1, (megabytes(pid) - server) / len(tabs))}
    found["tick"] = await ticks(tabs[0], pid)
    playing = Tab(address, "playground", "dwell=4000")
    await playing.open()
    await playing.press("Run")
    hired = children(pid)
    end = time.monotonic() + 30
    while time.monotonic() < end and sum(map(seconds, hired)) < 10:  # until it trains, and then some
        await asyncio.sleep(0.2)
        await playing.tick()
    found["play_tick"] = await ticks(playing, pid)
    found["worker_mb"] = max(map(megabytes, hired))
    for tab in (*tabs, playing):
        await tab.close()
    return found


def frame() -> tuple[float, int]:
    """Seconds of a core for one frame of the stage, and its bytes."""
    traces = [Trace.load(samples.path(config)) for config in samples.configs()]
    text, before = "", time.process_time()
    for step in range(FRAMES):
        text = json.dumps(stage.frame([trace.until(500 + step) for trace in traces]), separators=(",", ":"))
    return (time.process_time() - before) / FRAMES, len(text)


def step() -> float:
    """Seconds of a core for one step of the nested learner, the dearer one."""
    import torch

    torch.set_num_threads(1)
    stream = presets.stream("permuted_digits")
    config = RunConfig(stream, presets.nested(stream))

    work, began = Run(config, 0), 0.0
    while work.steps <= STEPS:
        next(work)
        began = began or (time.process_time() if work.steps else 0.0)  # what comes before the first step comes once
    return (time.process_time() - began) / STEPS


def measure() -> Costs:
    """All of it, in about two minutes."""
    with tempfile.TemporaryDirectory() as folder:
        store = Store(f"sqlite:///{folder}/classroom.sqlite")
        code = store.create("t", "", "forgets").code
        tokens = [store.join(code) for _ in range(SESSIONS)]
        with serving({"CLASSROOM_DATA": folder}) as (address, pid):
            found = asyncio.run(pages(address, pid, code, tokens))
        me, before = store.student(code, tokens[0]), time.process_time()
        for number in range(ANSWERS):
            store.answer(code, me, "q", number)
        answer = (time.process_time() - before) / ANSWERS
        store.engine.dispose()
    drawn, size = frame()
    return Costs(**found, answer=answer, frame=drawn, frame_bytes=float(size), step=step())
