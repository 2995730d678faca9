"""The benchmark runs, writes what it promises, counts operations as a hand does; the package itself loads at once."""

import json
import subprocess
import sys
from pathlib import Path

import pytest
import torch
from torch import nn

from nested_core.bench import NAMES, multiply_adds, state_mb, stream

ROOT = Path(__file__).parents[1]
FIELDS = {"name", "device", "threads", "d_model", "tokens_per_s", "step_ms", "params", "peak_mb", "multiply_adds"}


# pitfall 31
def test_a_quick_run_writes_a_row_for_every_model(tmp_path):
    file = tmp_path / "rows.json"
    command = [sys.executable, "-m", "nested_core.bench", "--quick", "--device", "cpu", "--json", str(file)]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    rows = {row["name"]: row for row in json.loads(file.read_text())}
    assert set(rows) == {"hope_linear", "hope_deep", "hope_loop", "transformer"}
    for row in rows.values():
        assert row.keys() >= FIELDS
        assert (row["device"], row["threads"], row["d_model"]) == ("cpu", 1, 64)
        numbers = [value for value in row.values() if not isinstance(value, str)]
        assert all(isinstance(value, int | float) and value > 0 for value in numbers), row
    assert rows["hope_loop"]["params"] == rows["hope_linear"]["params"]
    assert abs(rows["transformer"]["params"] / rows["hope_linear"]["params"] - 1) < 0.01
    assert set(rows) <= set(NAMES)
    assert "hope_linear takes" in done.stdout


# pitfall 12
@pytest.mark.parametrize(("name", "budget"), [("hope_linear", 200), ("hope_deep", 600)])
def test_a_training_step_stays_within_its_memory(name, budget):
    """8 x 256 tokens at d = 64, above what the process holds before: measured 96 and 300 MiB."""
    code = f"from nested_core.bench import make, peak_mb; print(peak_mb(make, {name!r}, 64, 'cpu'))"
    done = subprocess.run([sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    assert 0 < float(done.stdout) < budget


def test_operations_are_counted_as_by_hand():
    model = nn.Sequential(nn.Linear(3, 5), nn.GELU(), nn.Linear(5, 2, bias=False))
    assert multiply_adds(lambda: model(torch.ones(7, 3))) == 3 * (7 * 3 * 5 + 7 * 5 * 2)
    q = torch.ones(2, 4, 6, 8)  # 6 tokens against 6, 8 wide, twice: keys and values
    attention = nn.functional.scaled_dot_product_attention
    assert multiply_adds(lambda: attention(q, q, q, is_causal=True)) == 3 * (2 * 4 * 6 * 6 * 8 * 2)


def test_a_hand_written_forward_is_counted_too():
    class Square(torch.autograd.Function):
        @staticmethod
        def forward(ctx, x):
            return x @ x.mT

    x = torch.ones(2, 3, 4, requires_grad=True)
    assert multiply_adds(lambda: Square.apply(x)) == 3 * (2 * 3 * 4 * 3)


@pytest.mark.parametrize("name", ["hope_linear", "transformer"])
def test_only_the_transformers_state_grows_with_the_stream(name, capsys):
    first, *_, last = stream(name, 6000)
    assert (first["tokens"], last["tokens"]) == (2560, 6144)
    assert last["state_mb"] == pytest.approx(first["state_mb"] * (2.4 if name == "transformer" else 1))
    assert name in capsys.readouterr().out


def test_a_state_is_measured_in_mebibytes():
    assert state_mb((torch.zeros(2**18), (torch.zeros(2**17), 3))) == 1.5


def test_the_package_loads_at_once_and_without_torch():
    code = (
        "import sys, time; start = time.perf_counter(); import nested_core; took = time.perf_counter() - start;"
        "print(took); sys.exit('torch' in sys.modules)"
    )
    runs = [subprocess.run([sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True) for _ in range(3)]
    assert [run.returncode for run in runs] == [0, 0, 0]
    assert min(float(run.stdout) for run in runs) < 0.05
