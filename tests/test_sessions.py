"""Tabs on real websockets: two hundred visits one after the other, after which the server keeps nothing of those that
left, and a small house that is full at once. `make soak` is the large one.

Every tenth visitor also trains and leaves in the middle.
"""

import asyncio
import time
from pathlib import Path

import pytest

pytest.importorskip("websockets")

from app.deploy.measure import serving
from app.deploy.soak import HERTZ, P95_SECONDS, broken, held, soak
from app.deploy.tab import Tab

pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(not Path("/proc/self/status").exists(), reason="reads what a process holds from /proc"),
]

BEFORE, VISITS, AT_ONCE = 40, 200, 4
SLACK = 4
TTL = 1  # seconds that the server remembers a closed tab here, so that the test need not wait for a minute


async def visit(address: str, trains: bool) -> None:
    """Open the playground, wait for all of it, perhaps press Run, and close the tab."""
    tab = Tab(address, "playground")
    await tab.open()
    assert "Run" in tab.buttons
    if trains:
        await tab.press("Run")
        await asyncio.sleep(0.3)
    await tab.close()


async def visits(address: str, count: int) -> None:
    async def some(start: int) -> None:
        for number in range(start, count, AT_ONCE):
            await visit(address, number % 10 == 0)

    await asyncio.gather(*(some(start) for start in range(AT_ONCE)))
    await asyncio.sleep(6 * TTL)


def test_visits_leave_nothing_behind():
    with serving({}, "--server.disconnectedSessionTTL", str(TTL)) as (address, pid):
        asyncio.run(visits(address, BEFORE))
        before, began = held(pid), time.monotonic()
        asyncio.run(visits(address, VISITS))
        after, seconds = held(pid), time.monotonic() - began
    print(f"\nafter {BEFORE} visits {before}, after {VISITS} more {after}, {VISITS / seconds:.1f} visits a second")
    assert after["MB"] <= 1.1 * before["MB"]
    assert all(after[name] <= before[name] + 4 for name in ("threads", "files", "processes"))


def test_a_small_house_holds(monkeypatch):
    monkeypatch.setattr("app.deploy.soak.SETTLE_SECONDS", 8.0)
    found = soak(12, 8, 0.5, "--server.disconnectedSessionTTL", str(TTL))
    print("\n", found)
    assert found["ticks"] > 100 and found["runs seen to their end"] > 0 and found["frames of other tabs"] == 0
    # The machine may be busy with something else; the printed numbers are the measurement.
    assert found["tick, p95"] < SLACK * P95_SECONDS and found["stage frames a second"] > HERTZ / SLACK
    assert not [sentence for sentence in broken(found) if "grew" in sentence]
