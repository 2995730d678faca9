"""A full house: many tabs on one server, for a while, and whether it holds: `python -m app.deploy.soak` (`make soak`).

    python -m app.deploy.soak --watching 100 --training 40 --minutes 60 --json report.json

Every tab is real: it opens a link, presses Run, ticks at the pace that its page asks for and reads the stage's stream.
Those that watch open one link, whose run was computed before, and see it at medium speed. Those that train wait for
their end and come again with another seed. No two of them train as many steps, and none as many as are watched, so
that a frame of somebody else's would be seen. Linux only: it reads /proc.
"""

import argparse
import asyncio
import contextlib
import json
import re
import sys
import time
from dataclasses import dataclass, field
from datetime import date
from pathlib import Path

import numpy as np
from rich.console import Console
from rich.table import Table

from .measure import children, megabytes, seconds, serving, where
from .tab import Tab, frames

P95_SECONDS, HERTZ = 0.5, 5.0  # of a tick, at most; of a stage's stream, at least
GROWTH = {"MB": 0.10, "threads": 0.0, "files": 0.0, "processes": 0.0}  # shares, from the second quarter to the last
ROOM = {"MB": 20, "threads": 4, "files": 8, "processes": 0}  # and what may come and go at any time
DWELL, WATCHED = 100, 2_000  # steps of a task: in the shortest run that trains, and in the one that is watched
ARRIVE_SECONDS, SETTLE_SECONDS, SAMPLE_SECONDS = 0.3, 30.0, 5.0
COMPUTED_SECONDS = 120.0  # at most, until the run that many watch is there
TOTAL = re.compile(rb'"total":(\d+)')


@dataclass
class House:
    """What all tabs saw, and what the server held, from when all had come."""

    ticks: list[float] = field(default_factory=list)
    pages: list[float] = field(default_factory=list)  # ticks after which the whole page was drawn: a run is over
    moving: float = 0.0  # seconds that stages moved, of all tabs
    frames: int = 0
    runs: int = 0
    foreign: int = 0  # frames of another tab's run
    held: list[dict[str, float]] = field(default_factory=list)
    cores: dict[str, float] = field(default_factory=dict)
    counting: bool = False


def held(pid: int) -> dict[str, float]:
    """What the server holds, with the processes that it started."""
    proc, started = Path(f"/proc/{pid}"), children(pid)
    threads = int(re.findall(r"Threads:\s+(\d+)", (proc / "status").read_text())[0])
    files = len(list((proc / "fd").iterdir()))
    return {"MB": sum(map(megabytes, [pid, *started])), "threads": threads, "files": files, "processes": len(started)}


def used(pid: int) -> dict[str, float]:
    """Seconds of a core that each had so far."""
    return {"server": seconds(pid), "training": sum(map(seconds, children(pid))), "tabs": time.process_time()}


class Guest:
    """One tab's evening. `number` of those that train, counted from 1; 0: it watches."""

    def __init__(self, address: str, number: int, house: House):
        self.address, self.house, self.number, self.seed = address, house, number, 0
        self.dwell = DWELL + number if number else WATCHED

    async def stay(self, until: float, later: float) -> None:
        await asyncio.sleep(later)
        while time.monotonic() < until:
            await self.visit(until)
            self.seed += self.number > 0

    async def visit(self, until: float, paced: bool = True) -> None:
        """Open the link, press Run, and watch to the end."""
        tab = Tab(self.address, "playground", f"v=1&stream=permuted_digits&tasks=2&dwell={self.dwell}&seed={self.seed}")
        await tab.open()
        reading = None
        try:
            if paced and not self.number:
                tab.chosen["speed"] = "medium"
                await tab.tick()
            await tab.press("Run")
            while time.monotonic() < until and tab.fragment:
                if tab.stage and (reading is None or reading.done()):
                    reading = asyncio.create_task(self.watch(tab.stage))
                await asyncio.sleep(tab.pace)
                took = await tab.tick()
                if self.house.counting:
                    (self.house.pages if tab.redrawn else self.house.ticks).append(took)
            self.house.runs += self.house.counting and not tab.fragment
        finally:
            if reading:
                reading.cancel()
                with contextlib.suppress(asyncio.CancelledError):
                    await reading
            await tab.close()

    async def watch(self, stage: str) -> None:
        """Read one stream to its end. What counts is the time from a frame to the next, not the wait for the first."""
        before, house = None, self.house
        async for frame in frames(self.address, stage):
            now, found = time.monotonic(), TOTAL.search(frame)
            if found and int(found[1]) != 2 * self.dwell:
                house.foreign += 1
            if house.counting and before and not self.number:  # a run's stage is as fast as its training
                house.moving += now - before
                house.frames += 1
            before = now


async def fill(address: str, pid: int, house: House, watching: int, training: int, minutes: float) -> None:
    """Let all come, then measure for so many minutes."""
    await Guest(address, 0, house).visit(time.monotonic() + COMPUTED_SECONDS, paced=False)
    numbers = [0] * watching + list(range(1, training + 1))
    np.random.default_rng(0).shuffle(numbers)  # both kinds come at any time
    arriving = len(numbers) * ARRIVE_SECONDS + SETTLE_SECONDS
    until = time.monotonic() + arriving + 60 * minutes
    staying = [
        asyncio.create_task(Guest(address, number, house).stay(until, place * ARRIVE_SECONDS))
        for place, number in enumerate(numbers)
    ]
    await asyncio.sleep(arriving)
    house.counting, began = True, used(pid)
    while time.monotonic() < until:
        house.held.append(held(pid))
        await asyncio.sleep(SAMPLE_SECONDS)
    house.counting = False
    house.cores = {name: (now - began[name]) / (60 * minutes) for name, now in used(pid).items()}
    await asyncio.gather(*staying)


def report(house: House) -> dict[str, float]:
    """The numbers of the house, by name."""
    quarter = max(1, len(house.held) // 4)
    found = {
        "tick, median": float(np.median(house.ticks)),
        "tick, p95": float(np.percentile(house.ticks, 95)),
        "page, median": float(np.median(house.pages or [0.0])),
        "page, p95": float(np.percentile(house.pages or [0.0], 95)),
        "stage frames a second": house.frames / max(house.moving, 1e-9),
        "ticks": len(house.ticks),
        "runs seen to their end": house.runs,
        "frames of other tabs": house.foreign,
        **{f"cores, {name}": share for name, share in house.cores.items()},
    }
    for name in GROWTH:
        early, late = house.held[quarter : 2 * quarter] or house.held, house.held[-quarter:]
        found[f"{name}, second quarter"] = float(min(x[name] for x in early))  # what stays, whatever comes and goes
        found[f"{name}, last quarter"] = float(min(x[name] for x in late))
    return found


def broken(found: dict[str, float]) -> list[str]:
    """A sentence for each promise that was not kept."""
    said = []
    if found["tick, p95"] >= P95_SECONDS:
        said.append(f"p95 of a tick: {found['tick, p95']:.2f} s, should be below {P95_SECONDS} s")
    if found["stage frames a second"] < HERTZ:
        said.append(f"stage: {found['stage frames a second']:.1f} frames a second, should be {HERTZ:g} or more")
    if found["frames of other tabs"]:
        said.append(f"{found['frames of other tabs']:.0f} frames showed the run of another tab")
    for name, share in GROWTH.items():
        before, after = found[f"{name}, second quarter"], found[f"{name}, last quarter"]
        if after > before * (1 + share) + ROOM[name]:
            said.append(f"{name}: {before:.0f} grew to {after:.0f}")
    return said


def soak(watching: int, training: int, minutes: float, *options: str) -> dict[str, float]:
    """Start a server with these options of Streamlit's, fill it, and say what was measured."""
    house = House()
    with serving({}, *options) as (address, pid):
        asyncio.run(fill(address, pid, house, watching, training, minutes))
    return report(house)


def main(arguments: list[str] | None = None) -> int:
    parser = argparse.ArgumentParser(prog="python -m app.deploy.soak", description=__doc__.split("\n\n")[0])
    parser.add_argument("--watching", type=int, default=100, metavar="N", help="tabs that watch one run")
    parser.add_argument("--training", type=int, default=40, metavar="N", help="tabs that train")
    parser.add_argument("--minutes", type=float, default=60.0)
    parser.add_argument("--json", metavar="FILE", help="write the report to FILE")
    options = parser.parse_args(arguments)
    found = soak(options.watching, options.training, options.minutes)
    console, table = Console(), Table("measured", "")
    for name, value in found.items():
        table.add_row(name, f"{value:,.3f}" if value < 10 and value % 1 else f"{value:,.1f}")
    console.print(table)
    bad = broken(found)
    for sentence in bad:
        console.print(f"not kept: {sentence}")
    if options.json:
        told = {"date": date.today().isoformat(), "machine": where(), **vars(options), **found, "not kept": bad}
        Path(options.json).write_text(json.dumps(told, indent=1) + "\n", encoding="utf-8")
    return bool(bad)


if __name__ == "__main__":
    sys.exit(main())
