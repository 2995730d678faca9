"""Demos end to end, as a person runs them, in a short version."""

import json
import subprocess
import sys
from pathlib import Path

import numpy as np

from demos.command import main
from demos.evidence import claim, interval
from demos.forgetting import DEMO, add, choose

ROOT = Path(__file__).resolve().parent.parent


def demo(*arguments):
    return subprocess.run(
        [sys.executable, "-m", "demos.forgetting", *map(str, arguments)],
        cwd=ROOT,
        capture_output=True,
        text=True,
        timeout=300,
    )


def test_forgetting_on_digits(tmp_path):
    file = tmp_path / "out.json"
    done = demo(
        "--stream", "digits", "--dwell", 12, "--seeds", 3, "--first-seed", 20, "--json", file, "--traces", tmp_path
    )
    assert done.returncode == 0, done.stderr
    document = json.loads(file.read_text())
    rows = {(r["arm"], r["metric"], r["seed"]): r["value"] for r in document["rows"]}
    arms = {arm for arm, _, _ in rows}
    assert {seed for _, _, seed in rows} == {20, 21, 22} and arms == {"nested", "single_loop", "ewc", "replay", "joint"}
    for seed in (20, 21, 22):
        assert {rows[arm, "parameters", seed] for arm in arms} == {45_000}
        assert {rows[arm, "samples", seed] for arm in arms} == {5 * 12 * 32}
    (found,) = (c for c in document["claims"] if c["id"] == "nested_vs_single_loop_average_accuracy")
    gains = [rows["nested", "average_accuracy", s] - rows["single_loop", "average_accuracy", s] for s in (20, 21, 22)]
    assert np.isclose(found["measured"], np.mean(gains)) and found["n_seeds"] == 3
    assert found["ci95"][0] <= found["measured"] <= found["ci95"][1]


def test_own_text_and_bad_files(tmp_path, capsys):
    for name, text in (("a.txt", "the cat sat on the mat. "), ("b.txt", "def f(x): return x + 1\n")):
        (tmp_path / name).write_text(text * 120)
    file = tmp_path / "out.json"
    done = demo(
        "--text",
        tmp_path / "a.txt",
        "--text",
        tmp_path / "b.txt",
        "--dwell",
        2,
        "--rounds",
        1,
        "--seeds",
        1,
        "--json",
        file,
        "--traces",
        tmp_path,
    )
    assert done.returncode == 0, done.stderr
    document = json.loads(file.read_text())
    arms = {r["arm"] for r in document["rows"]}
    assert {"nested", "single_loop", "transformer"} <= arms
    assert {"average_bits", "learned_bits", "online_bits", "forgetting_bits"} <= {r["metric"] for r in document["rows"]}
    assert all(
        c["verdict"] == "inconclusive" and c["ci95"] is None for c in document["claims"]
    )  # one seed proves nothing
    (tmp_path / "bad.txt").write_bytes(b"\xff" * 3000)
    for arguments, words in [
        (("--text", tmp_path / "bad.txt"), "not UTF-8"),
        (("--text", tmp_path / "none.txt"), "none.txt"),
        (("--text", tmp_path / "a.txt"), "tasks: 1"),
    ]:
        assert main(DEMO, None, list(map(str, arguments)), add, choose) == 2 and words in capsys.readouterr().err


def test_verdicts():
    assert claim("a", "", [1.0, 1.2, 0.9]).verdict == "reproduced"
    assert claim("a", "", [-1.0, -1.2, -0.9]).verdict == "not reproduced"
    assert claim("a", "", [-1.0, 1.2, 0.1]).verdict == "inconclusive"
    assert claim("a", "", [0.0, 0.0, 0.0]).verdict == "inconclusive"
    assert interval([1.0, 2.0]) is None
