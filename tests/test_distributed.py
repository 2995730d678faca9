"""Training by two processes is training by one."""

import os
import subprocess
import sys

import numpy as np
import pytest

from nested_core.trace import Trace
from tests.browsing import ROOT

SIZE = "--width 32 --layers 2 --heads 2 --batch 4 --steps 6".split()


def train(file, processes, *words):
    command = [sys.executable, "-m", "torch.distributed.run", "--standalone", "--nproc-per-node", str(processes)]
    environment = {**os.environ, "OMP_NUM_THREADS": "1"}
    command += ["-m", "demos.language_model", *SIZE, "--trace", str(file), *words]
    return subprocess.run(command, cwd=ROOT, env=environment, capture_output=True, text=True, timeout=120)


@pytest.mark.slow
def test_two_processes_learn_what_one_does(tmp_path):
    traces = []
    for processes in (1, 2):
        done = train(file := tmp_path / f"{processes}.npz", processes)
        assert done.returncode == 0 and "bits per character" in done.stdout, done.stderr
        traces.append(Trace.load(file))
    one, two = traces
    assert len(one["online"]) == 6 and one["online"][-1] < one["online"][0]
    np.testing.assert_allclose(two["online"], one["online"], atol=1e-5)
    np.testing.assert_allclose(two["score"], one["score"], atol=1e-5)
    refused = train(tmp_path / "x", 2, "--batch", "3")
    assert "error: batch: 3 cannot be used; 2 processes share it" in refused.stderr
