"""The set-up keeps its promises: pins cover what is installed, and the settings are ones Streamlit knows."""

import re
import subprocess
import sys
import tomllib
from importlib import metadata
from pathlib import Path

import pytest
from packaging.markers import default_environment
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

ROOT = Path(__file__).parents[1]
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
LINES = [line for line in (ROOT / "constraints.txt").read_text().splitlines() if not line.startswith("#")]
PINS = {canonicalize_name(pin.name): pin for pin in map(Requirement, LINES)}


def required(names: list[str], extra: str = "") -> set[str]:
    """Names of these requirements and of all that they bring on this machine."""
    seen: set[str] = set()
    todo = [(name, extra) for name in names]
    while todo:
        text, extra = todo.pop()
        requirement = Requirement(text)
        if requirement.marker and not requirement.marker.evaluate({**default_environment(), "extra": extra}):
            continue
        name = canonicalize_name(requirement.name)
        if name not in seen:
            seen.add(name)
            todo += [(child, "") for child in metadata.requires(name) or []]
    return seen


def test_every_dependency_is_pinned_to_one_version():
    direct = PROJECT["dependencies"] + PROJECT["optional-dependencies"]["test"]
    cuda = re.compile("nvidia-|cuda-")  # named by the torch build itself, see `make lock`
    assert {name for name in required(direct) if not cuda.match(name)} <= set(PINS)
    assert all(re.fullmatch(r"==[\w.]+", str(pin.specifier)) for pin in PINS.values())
    for text in direct:
        requirement = Requirement(text)
        version = str(PINS[canonicalize_name(requirement.name)].specifier).removeprefix("==")
        assert requirement.specifier.contains(version), text


def test_newest_torch_in_the_range_is_the_one_tried():
    torch = next(r for r in map(Requirement, PROJECT["dependencies"]) if r.name == "torch")
    accepted = ("2.11.0", "2.13.0", "2.13.0+cpu")
    assert all(torch.specifier.contains(version) for version in accepted)
    assert not any(torch.specifier.contains(version) for version in ("2.10.1", "2.13.1", "2.14.0"))


def test_constraints_hold_no_address_or_path():
    assert not [line for line in LINES if re.search(r"//|@|^-|/", line)]


# pitfall 39
def test_every_stream_is_there_without_a_network():
    code = """if True:
        import socket
        def refuse(*_): raise AssertionError("it wants the network")
        socket.socket.connect = socket.create_connection = socket.getaddrinfo = refuse
        from dataclasses import replace
        from nested_core import presets
        from nested_core.config import RunConfig
        from nested_core.run import run
        texts = tuple((name, f"what {name} says, again and again. " * 80) for name in "ab")
        for kind, changes in (("permuted_digits", {}), ("class_digits", {}), ("languages", {"length": 16}),
                              ("own_text", {"length": 16, "texts": texts})):
            stream = presets.stream(kind, 1, tasks=2, dwell=1, batch=2, **changes)
            assert run(RunConfig(stream, replace(presets.nested(stream), width=24, heads=2)), 0).finished
    """
    done = subprocess.run([sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr


def test_make_lists_the_targets():
    done = subprocess.run(["make"], cwd=ROOT, capture_output=True, text=True, check=True)
    listed = re.findall(r"^  (\w+) ", done.stdout, flags=re.M)
    assert {"play", "test", "bench", "check", "lock"} <= set(listed)


@pytest.mark.parametrize("found", ["3.10", "none"])
def test_a_missing_python_is_one_clear_sentence(tmp_path, found):
    for name in ("Makefile", "pyproject.toml", "constraints.txt"):
        (tmp_path / name).write_text((ROOT / name).read_text())
    tools = tmp_path / "bin"
    tools.mkdir()
    for tool in ("sh", "make", "cat", "cksum", "rm", "uname"):
        (tools / tool).symlink_to(subprocess.check_output(["which", tool], text=True).strip())
    if found == "3.10":  # an interpreter whose version check fails
        (tools / "python3").write_text("#!/bin/sh\nexit 1\n")
        (tools / "python3").chmod(0o755)
    done = subprocess.run(["make", "play"], cwd=tmp_path, env={"PATH": str(tools)}, capture_output=True, text=True)
    assert done.returncode != 0
    assert done.stderr.splitlines()[0].startswith("There is no Python 3.11 or newer on the PATH: install one")
    assert not (tmp_path / ".venv").exists()


# pitfall 38
def test_streamlit_knows_every_setting():
    done = subprocess.run(
        [sys.executable, "-m", "streamlit", "config", "show"], cwd=ROOT, capture_output=True, text=True, check=True
    )
    shown = tomllib.loads(re.sub(r"\x1b\[[\d;]*m", "", done.stdout[done.stdout.index("\n[global]") :]))
    wanted = tomllib.loads((ROOT / ".streamlit/config.toml").read_text())
    assert "not a valid config option" not in done.stdout + done.stderr
    for section in ("server", "browser", "runner", "client"):
        for name, value in wanted[section].items():
            if name != "postScriptGC":  # hidden, so not shown
                assert shown[section][name] == value, name
    assert wanted["runner"]["postScriptGC"] is False
    assert wanted["server"]["address"] == "localhost"  # nobody else sees the page unless HOST is given
    assert wanted["browser"]["gatherUsageStats"] is False
    assert {len(wanted["theme"][mode]["chartDivergingColors"]) for mode in ("light", "dark")} == {10}
