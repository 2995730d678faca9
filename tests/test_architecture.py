"""Who may import whom, and that a page can show a run without loading torch."""

import ast
import re
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
            names |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom) and node.level == 0:
            names.add(node.module)
    return {name.split(".")[0] for name in names if not name.startswith("app.engine.")}  # which stands apart


@pytest.mark.parametrize("package", FORBIDDEN)
def test_imports_point_one_way(package):
    for file in (ROOT / package).rglob("*.py"):
        assert not imports(file) & FORBIDDEN[package], file


def test_the_engine_stands_apart_from_the_app():
    for file in (ROOT / "app" / "engine").rglob("*.py"):
        tree = ast.parse(file.read_text(encoding="utf-8"))
        up = {node.module for node in ast.walk(tree) if isinstance(node, ast.ImportFrom) and node.level > 1}
        assert not up and not imports(file) & {"app", "demos", "lessons", "streamlit"}, file


# pitfall 41
def test_what_trains_makes_no_streamlit_calls():
    code = "import sys, app.runner, app.engine.process; sys.exit('streamlit' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code], cwd=ROOT).returncode == 0


# pitfall 30
def test_everything_but_the_kernel_works_without_triton():
    code = """if True:
        import sys
        sys.modules["triton"] = None  # importing it fails
        import importlib, pkgutil, torch, nested_core
        for module in pkgutil.walk_packages(nested_core.__path__, "nested_core."):
            if not module.name.endswith((".kernel", "peers")):
                importlib.import_module(module.name)
        from nested_core.hope import Hope, HopeConfig
        from nested_core.ops import backend
        importlib.util.find_spec = lambda name: None
        assert backend.choose("cuda") == ("fused", "there is a GPU, but Triton is not installed")
        Hope(HopeConfig(5, 8, 1, 2, 4))(torch.zeros(1, 9, dtype=torch.int64))[0].sum().backward()
    """
    done = subprocess.run([sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr


def test_every_known_pitfall_has_a_test():
    """The checklist of what other implementations got wrong: a test that proves number n stands under `# pitfall n`."""
    texts = [file.read_text() for file in (ROOT / "tests").glob("*.py")]
    notes = [note for text in texts for note in re.findall(r"^# pitfall ([\d, ]+)$\n(@|def test_)?", text, re.M)]
    assert all(test for _, test in notes), "a tag stands right above a test"
    covered = {int(n) for note, _ in notes for n in note.split(",")}
    assert covered == set(range(1, 42))


def test_reading_a_trace_needs_no_torch():
    code = f"import sys, {', '.join(WITHOUT_TORCH)}; sys.exit('torch' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code], cwd=ROOT).returncode == 0
