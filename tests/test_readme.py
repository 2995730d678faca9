"""The README keeps its promises: its first block prints the numbers it names, its Python runs, its files exist."""

import re
import shlex
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parent.parent
README = (ROOT / "README.md").read_text(encoding="utf-8")


def test_the_first_block_prints_the_numbers_it_promises():
    block = re.search(r"```sh\n(.*?)```", README, re.S)[1]
    (line,) = (x for x in block.splitlines() if "demos.forgetting" in x)
    command, promise = line.split("#")
    promised = {arm: float(value) for arm, value in re.findall(r"(nested|single_loop) (0\.\d+)", promise)}
    arguments = shlex.split(command)[1:]
    done = subprocess.run([sys.executable, *arguments], cwd=ROOT, capture_output=True, text=True, timeout=300)
    assert done.returncode == 0, done.stderr
    row = next(x for x in done.stdout.splitlines() if "average_accuracy" in x)
    printed = [float(x) for x in re.findall(r"0\.\d+", row)]
    # The arms promised come first in the table.
    assert len(promised) == 2 and printed[:2] == pytest.approx(list(promised.values()), abs=0.015)


def test_its_python_runs():
    for block in re.findall(r"```python\n(.*?)```", README, re.S):
        exec(block, {})


def test_the_files_it_names_exist():
    for name in re.findall(r"`((?:nested_core|app|demos|tests)/[\w/.]*)`|\]\((app/[\w.]+)\)", README):
        assert (ROOT / (name[0] or name[1])).exists(), name
