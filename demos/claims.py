"""Measure every claim and write it down: demos/RESULTS.md, and the summary table of the README.

python -m demos.claims                 runs all demos, about an hour and a half on two cores
python -m demos.claims --only NAME     runs one; the others keep their sections
python -m demos.claims --from FILE     writes down what a demo saved with --json, without running it again
python -m demos.claims --quick         runs all in their short form, proves nothing, and writes no file unless named
"""

import argparse
import importlib
import json
import subprocess
import sys
import tempfile
from dataclasses import asdict
from pathlib import Path

from .command import Demo
from .evidence import Claim, Row
from .report import cell, ci_text, metrics

# Every demo in its forms: name, and what is added on the command line.
RUNS = (
    ("forgetting", "--stream digits"),
    ("forgetting", "--stream digits --rounds 8"),
    ("forgetting", "--stream classes"),
    ("forgetting", "--stream languages"),
    ("forgetting", "--stream languages --rounds 1"),
    ("class_incremental", ""),
    ("levels", ""),
    ("needle", ""),
    ("long_reasoning", ""),
    ("novel_languages", ""),
    ("language_model", ""),
    ("formal_languages", ""),
    ("ablation", ""),
    ("mad", ""),
    ("optimizers", ""),
)
NAMES = tuple(dict.fromkeys(name for name, _ in RUNS))
ROOT = Path(__file__).resolve().parent.parent
RESULTS, README = ROOT / "demos" / "RESULTS.md", ROOT / "README.md"
HEAD = """# Results

Written by `python -m demos.claims`; do not edit. Means over seeds with 95 % bootstrap intervals; differences are paired
by seed, and positive favours the claim. Every arm was tuned with equally many trials on seeds that no result uses. A
claim is *reproduced* only if its interval lies above zero, *not reproduced* if it lies below.
"""
TABLE = ["| demo | headline | measured | verdict | claims that hold |", "|---|---|---|---|---|"]


def load(name: str) -> Demo:
    return importlib.import_module(f"demos.{name}").DEMO


def section(document: dict) -> str:
    """The results of one demo in Markdown."""
    demo, settings, claims = load(document["demo"]), document["settings"], read_claims(document)
    rows = read_rows(document)
    arms = list(dict.fromkeys(row.arm for row in rows))
    lines = [
        f"## {label(document)}",
        "",
        f"{demo.claim} (Nested Learning, {demo.source}). {settings['date']}, {settings['seeds']} seeds, "
        f"{settings['seconds'] / 60:.1f} minutes on {settings['machine']}: `{settings['command']}`",
        "",
        "| claim | measured | 95 % interval | seeds | verdict |",
        "|---|---|---|---|---|",
        *(f"| {c.statement} | {c.measured:.3f} | {ci_text(c)} | {c.n_seeds} | {c.verdict} |" for c in claims),
        "",
        "| metric | " + " | ".join(arms) + " | unit |",
        "|---" * (len(arms) + 2) + "|",
    ]
    for metric, unit in metrics(rows):
        lines.append(f"| {metric} | " + " | ".join(cell(rows, arm, metric, unit) for arm in arms) + f" | {unit} |")
    if document["sweep"]["best"]:
        lines += ["", f"Chosen by the sweep (`python -m demos.{demo.name} --sweep`, every trial in `demos/tuned`):", ""]
        for part, found in document["sweep"]["best"].items():
            words = (f"{arm} " + " ".join(f"{k} {v}" for k, v in choice.items()) for arm, choice in found.items())
            lines.append(f"- {part}: " + ", ".join(words))
    return "\n".join(lines)


def read_rows(document: dict) -> list[Row]:
    return [Row(**{**row, "value": float("nan") if row["value"] is None else row["value"]}) for row in document["rows"]]


def read_claims(document: dict) -> list[Claim]:
    return [
        Claim(c["id"], c["statement"], c["measured"] if c["measured"] is not None else float("nan"),
              tuple(c["ci95"]) if c["ci95"] else None, c["n_seeds"])
        for c in document["claims"]
    ]  # fmt: skip


def label(document: dict) -> str:
    """What was run, as one types it: the demo and its options."""
    words = document["settings"]["command"].removeprefix("python -m demos.").split(" --seeds")[0]
    return words.split(" --quick")[0]


def summary_row(document: dict) -> str:
    """One line of the README's table: the headline claim, and how many of all hold."""
    claims = read_claims(document)
    head, held = claims[0], sum(c.verdict == "reproduced" for c in claims)
    measured = f"{head.measured:.2f} {ci_text(head)}"
    return f"| `{label(document)}` | {head.statement} | {measured} | {head.verdict} | {held} of {len(claims)} |"


def replaced(text: str, name: str, new: str) -> str:
    """`text` with what stands between the marks of `name` replaced, or appended where there are none."""
    start, end = f"<!-- {name} -->", f"<!-- end {name} -->"
    block = f"{start}\n{new}\n{end}"
    if start not in text:
        return text.rstrip("\n") + f"\n\n{block}\n"
    before, rest = text.split(start, 1)
    return before + block + rest.split(end, 1)[1]


def between(text: str, name: str) -> str:
    """What stands between the marks of `name`; "" where there are none."""
    start, end = f"<!-- {name} -->", f"<!-- end {name} -->"
    return text.split(start, 1)[1].split(end, 1)[0].strip() if start in text else ""


def write_down(document: dict, results: Path | None, readme: Path | None) -> None:
    """Put a demo's results in its section and its line; everything else stays."""
    if results:
        text = results.read_text(encoding="utf-8") if results.exists() else HEAD
        results.write_text(replaced(text, label(document), section(document)), encoding="utf-8")
    if readme:
        text = readme.read_text(encoding="utf-8")
        lines = [line for line in between(text, "claims").splitlines() if line.startswith("| `")]
        table = {line.split("`")[1]: line for line in lines} | {label(document): summary_row(document)}
        order = [f"{name} {flags}".strip() for name, flags in RUNS]
        kept = sorted(table, key=lambda name: order.index(name) if name in order else len(order))
        readme.write_text(replaced(text, "claims", "\n".join(TABLE + [table[name] for name in kept])), encoding="utf-8")


def measure(name: str, flags: str, seeds: int | None, quick: bool) -> dict:
    """The JSON of a demo, run as a person runs it."""
    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder) / "out.json"
        words = [sys.executable, "-m", f"demos.{name}", *flags.split(), "--json", str(file)]
        words += ["--quick", "--traces", folder] if quick else []
        words += ["--seeds", str(seeds)] if seeds else []
        subprocess.run(words, cwd=ROOT, check=True)
        return json.loads(file.read_text(encoding="utf-8"))


def main(arguments: list[str] | None = None) -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--quick", action="store_true")
    parser.add_argument("--only", action="append", choices=NAMES)
    parser.add_argument("--from", action="append", dest="files", metavar="FILE", type=Path)
    parser.add_argument("--seeds", type=int, help="seeds of every demo instead of its own default")
    parser.add_argument("--results", type=Path, help=f"default {RESULTS.relative_to(ROOT)}")
    parser.add_argument("--readme", type=Path, help="default README.md")
    options = parser.parse_args(arguments)
    results = options.results or (None if options.quick else RESULTS)
    readme = options.readme or (None if options.quick else README)
    if options.files:
        for file in options.files:
            document = json.loads(file.read_text(encoding="utf-8"))
            found = load(document["demo"]).claims(read_rows(document))  # a claim added since then needs no new run
            write_down({**document, "claims": [asdict(c) for c in found]}, results, readme)
        return 0
    for name, flags in RUNS:
        if options.only and name not in options.only:
            continue
        try:
            document = measure(name, flags, options.seeds, options.quick)
        except subprocess.CalledProcessError as error:
            print(f"error: {name} ended with status {error.returncode}; its results stand as before.", file=sys.stderr)
            return 1
        print(summary_row(document))
        write_down(document, results, readme)
    return 0


if __name__ == "__main__":
    sys.exit(main())
