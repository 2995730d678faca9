"""Who may import whom, and that a page can show a run without loading torch."""

import ast
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parent.parent
FORBIDDEN = {
    "nested_core": {"app", "demos", "lessons", "streamlit", "altair", "plotly", "pandas"},
    "demos": {"app", "lessons", "streamlit"},
    "lessons": {"app", "streamlit"},
}
WITHOUT_TORCH = (
    "nested_core.config",
    "nested_core.presets",
    "nested_core.clock",
    "nested_core.trace",
    "nested_core.metrics",
)


def imports(file: Path) -> set[str]:
    names = set()
    for node in ast.walk(ast.parse(file.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            names |= {alias.name.split(".")[0] for alias in node.names}
        elif isinstance(node, ast.ImportFrom) and node.level == 0:
            names.add(node.module.split(".")[0])
    return names


@pytest.mark.parametrize("package", FORBIDDEN)
def test_imports_point_one_way(package):
    for file in (ROOT / package).rglob("*.py"):
        assert not imports(file) & FORBIDDEN[package], file


def test_reading_a_trace_needs_no_torch():
    code = f"import sys, {', '.join(WITHOUT_TORCH)}; sys.exit('torch' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code], cwd=ROOT).returncode == 0
