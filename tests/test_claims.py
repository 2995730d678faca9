"""Every demo in its short form, as a person runs it, and the page that results are written to."""

import io
import json
import os
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from app.opened import load
from app.views import moment, summary, timeline
from demos import claims
from demos.command import FIRST_TUNING_SEED

ROOT = Path(__file__).resolve().parent.parent
SEEDS = 1  # the machinery is tested here, one seed shows it; test_demos has more seeds and more processes


class Upload(io.BytesIO):
    """An opened file as Streamlit hands it over."""

    def __init__(self, path: Path):
        super().__init__(path.read_bytes())
        self.name, self.size = path.name, path.stat().st_size


@pytest.mark.parametrize("name", claims.NAMES)
def test_a_demo_in_its_short_form(name, tmp_path):
    file, plot = tmp_path / "out.json", tmp_path / "plot.html"
    words = [
        "--quick",
        "--seeds",
        str(SEEDS),
        "--json",
        str(file),
        "--plot",
        str(plot),
        "--traces",
        str(tmp_path / "t"),
    ]
    done = subprocess.run(
        [sys.executable, "-m", f"demos.{name}", *words],
        cwd=ROOT, env={**os.environ, "ENGINE": "inline"}, capture_output=True, text=True, timeout=300,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    document = json.loads(file.read_text())
    assert document["demo"] == name and document["settings"]["quick"] and document["settings"]["seeds"] == SEEDS
    rows = document["rows"]
    assert {row["seed"] for row in rows} == set(range(SEEDS))
    assert all(row["value"] is None or np.isfinite(row["value"]) for row in rows)
    assert document["claims"]
    assert {c["verdict"] for c in document["claims"]} == {"inconclusive"}  # one seed proves nothing
    sizes: dict[str, list[float]] = {}
    for row in rows:
        if "parameters" in row["metric"]:
            sizes.setdefault(row["metric"], []).append(row["value"])
    for metric, found in sizes.items():
        assert max(found) <= 1.03 * min(found), metric  # arms of equal size
    assert "<script src" not in plot.read_text()
    traces = list((tmp_path / "t").glob("*.npz"))
    assert traces
    for path in traces:  # the app opens and shows every one
        trace = load(Upload(path))
        assert summary.result([trace]) and timeline.option([trace])["series"] and moment.sentence(trace)


def test_tuning_seeds_are_never_reported_and_every_arm_had_as_many_trials():
    for name in claims.NAMES:
        demo = claims.load(name)
        assert demo.seeds >= 5
        if not demo.tuned_file.exists():
            continue
        kept = demo.tuned()
        assert min(kept["seeds"]) >= FIRST_TUNING_SEED
        counts: dict[str, set[int]] = {}
        for part in {x["part"] for x in kept["trials"]}:
            for arm in {x["arm"] for x in kept["trials"] if x["part"] == part}:
                tried = [x for x in kept["trials"] if (x["part"], x["arm"]) == (part, arm)]
                counts.setdefault(part, set()).add(len(tried))
                best = max(tried, key=lambda x: x["score"])
                chosen = kept["best"][part][arm]
                assert any(x["choice"] == chosen and x["score"] == best["score"] for x in tried), (name, part, arm)
        assert all(len(found) == 1 for found in counts.values()), (name, counts)


def test_results_are_written_down_and_the_rest_stays(tmp_path):
    def document(command, value):
        return {
            "demo": "formal_languages",
            "settings": {
                "date": "2026-01-02", "seeds": 5, "seconds": 60.0, "machine": "two cores", "command": command,
            },
            "rows": [
                {"arm": arm, "seed": s, "metric": "parity: bin 1", "value": v + 0.01 * s, "unit": "accuracy"}
                for arm, v in (("hope", value), ("transformer", 0.5))
                for s in range(5)
            ],
            "claims": [
                {"id": "a", "statement": "Hope counts", "measured": 0.4, "ci95": [0.3, 0.5], "n_seeds": 5}
            ],
            "sweep": {"best": {"parity": {"hope": {"rate": 0.003}}}},
        }  # fmt: skip

    results, readme = tmp_path / "RESULTS.md", tmp_path / "README.md"
    readme.write_text("# Title\n\n<!-- claims -->\n<!-- end claims -->\n\nThe rest.\n")
    claims.write_down(document("python -m demos.formal_languages", 0.9), results, readme)
    claims.write_down(document("python -m demos.formal_languages --other 1", 0.7), results, readme)
    claims.write_down(document("python -m demos.formal_languages", 0.8), results, readme)
    text = results.read_text()
    assert text.count("## formal_languages\n") == 1 and text.count("## formal_languages --other 1\n") == 1
    assert "0.820 [0.808, 0.832]" in text and "0.720" in text and "0.920" not in text
    assert "| Hope counts | 0.400 | [0.300, 0.500] | 5 | reproduced |" in text and "hope rate 0.003" in text
    page = readme.read_text()
    assert page.startswith("# Title") and page.endswith("The rest.\n")
    assert page.count("| `formal_languages` | Hope counts | 0.40 [0.300, 0.500] | reproduced | 1 of 1 |") == 1
