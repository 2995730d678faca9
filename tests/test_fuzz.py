"""Whatever is uploaded or typed is taken or refused in one sentence: nothing breaks, hangs, or gets past its limits.

A short run tries a few dozen cases of each; `make soak` thousands (FUZZ=2000 pytest -m fuzz).
"""

import io
import json
import struct
import zipfile
from dataclasses import replace

import numpy as np
import pytest

pytest.importorskip("hypothesis")

from hypothesis import example, given
from hypothesis import strategies as some

from app import configuration, export, share
from app.classroom.activity import from_link, parse_link
from app.engine.budget import Budget
from app.opened import load, to_bytes
from app.share import Wanted
from app.views import alone, memory, moment, stage, summary, timeline
from nested_core import presets
from nested_core.config import ConfigError, RunConfig, StreamConfig, decode_text, from_dict, to_dict
from nested_core.trace import CHANNELS, TraceError
from tests.fake_run import run

pytestmark = [pytest.mark.fuzz, pytest.mark.filterwarnings("ignore:Generating overly large repr")]

STREAM = StreamConfig("class_digits", tasks=2, dwell=5)
CONFIG = RunConfig(STREAM, presets.nested(STREAM))
JSON = some.recursive(
    some.none() | some.booleans() | some.integers() | some.floats(allow_subnormal=False) | some.text(max_size=20),
    lambda inner: some.lists(inner, max_size=4) | some.dictionaries(some.text(max_size=10), inner, max_size=4),
    max_leaves=8,
)
NUMBERS = some.sampled_from([0, -1, 1e308, float("nan"), float("inf"), 2**63, True, None, "", "9", [], {}])


def paths(value, path=()):
    """Every place in a JSON value."""
    yield path
    inside = value if isinstance(value, dict) else dict(enumerate(value)) if isinstance(value, list) else {}
    for name, inner in inside.items():
        yield from paths(inner, (*path, name))


def put(value, path, new):
    """The value with another one at this place."""
    if not path:
        return new
    copy = dict(value) if isinstance(value, dict) else list(value)
    copy[path[0]] = put(value[path[0]], path[1:], new)
    return copy


@some.composite
def damaged(draw, value):
    """A JSON value that was good, with something else in one to three places."""
    for _ in range(draw(some.integers(1, 3))):
        value = put(value, draw(some.sampled_from(list(paths(value)))), draw(NUMBERS | JSON))
    return value


@some.composite
def harmed(draw, data: bytes):
    """A file that was good: cut, longer, with other bytes, or with pieces of itself elsewhere."""
    data = bytearray(data)
    for _ in range(draw(some.integers(1, 4))):
        at = draw(some.integers(0, max(0, len(data) - 1)))
        how = draw(some.sampled_from("cut flip put move".split()))
        if how == "cut":
            data = data[:at]
        elif how == "flip" and data:
            data[at] ^= 1 << draw(some.integers(0, 7))
        elif how == "put":
            data[at:at] = draw(some.binary(max_size=20))
        else:
            data[at:at] = data[: draw(some.integers(0, 100))]
    return bytes(data)


class Upload(io.BytesIO):
    """A file as Streamlit hands it over."""

    def __init__(self, data: bytes, name: str = "given.npz"):
        super().__init__(data)
        self.name, self.size = name, len(data)


def told(error: Exception) -> bool:
    """Whether this is one sentence for a person."""
    words = str(error)
    return words.endswith(".") and "\n" not in words and "Traceback" not in words and len(words) < 600


# Configs


@given(damaged(json.loads(json.dumps(to_dict(CONFIG)))))
def test_any_config_is_within_its_limits_or_refused(data):
    try:
        config = from_dict(data)
        Budget().check(config)
    except ConfigError as error:
        assert told(error)
        return
    assert from_dict(json.loads(json.dumps(to_dict(config)))) == config
    stream, most = config.stream, Budget()
    assert 0 < stream.steps <= most.steps and 2 <= stream.tasks <= most.tasks and 0 < config.learner.width <= most.width
    assert all(level.period >= 1 and np.isfinite(level.rate) and level.rate >= 0 for level in config.learner.levels)


# Links and files of settings

GOOD = share.default("class_digits").query() | {
    "edits": "10:1*0.3_4*0.3_16*0.3", "order": "1_2*30_1", "similar": "20", "hide": "seed"
}  # fmt: skip
FIELDS = some.fixed_dictionaries(
    {},
    optional={
        name: some.text(max_size=60)
        | some.just(GOOD.get(name, ""))
        | some.from_regex(r"[\d*_.:~kpe+-]{0,40}", fullmatch=True)
        for name in [*share.FIELDS, "x"]
    },
)


def good(choice) -> bool:
    """Whether the choice can be run here, or says why not."""
    try:
        configs = choice.configs(share.NO_TEXTS if choice.kind == "own_text" else ())
        for config in configs:
            Budget().check(config)
    except ConfigError as error:
        return told(error)
    return Wanted(configs, choice.seed).key == Wanted(configs, choice.seed).key


@given(FIELDS)
def test_any_link_shows_a_page(query):
    choice, notices = share.read(query)
    assert good(choice) and share.read(choice.query())[0] == choice
    assert all(note.startswith("link: ") and told(note) for note in notices)


@given(FIELDS, some.text(max_size=30))
def test_any_link_is_an_activity_of_a_class(query, before):
    full, notices = parse_link(before + "?" + "&".join(f"{name}={value}" for name, value in query.items()))
    assert all(map(told, notices)) and from_link(full).steps


FILE = configuration.dump(share.default(), Wanted(share.default().configs(), 0))


@given(some.binary(max_size=200) | harmed(FILE) | damaged(json.loads(FILE)).map(lambda x: json.dumps(x).encode()))
@example(b"[" * 100_000)
def test_any_file_of_settings_is_read_or_refused(data):
    try:
        choice, texts, notices = configuration.read("given.json", data)
    except ConfigError as error:
        assert told(error)
        return
    assert good(choice) and all(map(told, notices)) and all(isinstance(text, str) for text in texts)


@given(some.binary(max_size=300) | some.text(max_size=100).map(lambda text: text.encode("utf-16")))
def test_any_text_is_decoded_or_refused(data):
    try:
        assert decode_text("text 'x'", data).strip()
    except ConfigError as error:
        assert told(error)


# Traces

TRACE = run(CONFIG, 0)
BYTES = to_bytes(TRACE)


def opened(data: bytes) -> None:
    """What the page does with an uploaded trace."""
    try:
        trace = load(Upload(data))
    except TraceError as error:
        assert told(error)
        return
    stage.frame([trace])
    assert moment.equations(trace) is not None
    alone.known(trace) and alone.html(trace), memory.option(trace, 0), summary.edits(trace), summary.cost(trace)
    export.report([trace], "http://x/playground"), export.csv([trace])
    assert summary.result([trace]) is not None and timeline.option([trace]) and moment.sentence(trace) is not None


@some.composite
def meddled(draw):
    """A trace whose archive is whole, with other meta or other arrays in it."""
    meta, arrays = dict(TRACE.meta), {name: TRACE[name] for name in CHANNELS}
    if draw(some.booleans()):
        meta = draw(damaged(meta))
    for name in draw(some.lists(some.sampled_from(list(CHANNELS)), max_size=2)):
        array = arrays[name]
        how = draw(some.sampled_from("gone short flat type full text".split()))
        if how == "gone":
            del arrays[name]
            break
        arrays[name] = {
            "short": lambda a=array: a[: len(a) // 2], "flat": array.ravel, "type": lambda a=array: a.astype(complex),
            "full": lambda a=array: np.full_like(a, np.nan if a.dtype.kind == "f" else 99),
            "text": lambda a=array: a.astype("U3"),
        }[how]()  # fmt: skip
    file = io.BytesIO()
    np.savez(file, meta=np.array(json.dumps(meta)), **arrays)
    return file.getvalue()


@given(some.binary(max_size=100) | harmed(BYTES) | meddled())
def test_any_trace_file_is_shown_or_refused(data):
    opened(data)


@pytest.mark.parametrize("shape", [(2**40,), (2**20, 2**20), (1 << 62,)])
def test_an_array_that_claims_to_be_huge_is_refused(shape):
    head = f"{{'descr': '<f8', 'fortran_order': False, 'shape': {shape}, }}".ljust(117) + "\n"
    array = b"\x93NUMPY\x01\x00" + struct.pack("<H", len(head)) + head.encode() + b"\0" * 80
    file = io.BytesIO()
    with zipfile.ZipFile(io.BytesIO(BYTES)) as old, zipfile.ZipFile(file, "w") as new:
        for name in old.namelist():
            new.writestr(name, array if name == "score.npy" else old.read(name))
    with pytest.raises(TraceError, match=r"\.$"):
        load(Upload(file.getvalue()))


def test_a_small_file_that_unpacks_to_a_lot_is_refused_before_it_is_unpacked(monkeypatch):
    monkeypatch.setattr("nested_core.trace.MAX_BYTES", 2**26)
    head = f"{{'descr': '|u1', 'fortran_order': False, 'shape': ({2**27},), }}".ljust(117) + "\n"
    file = io.BytesIO()
    with zipfile.ZipFile(io.BytesIO(BYTES)) as old, zipfile.ZipFile(file, "w", zipfile.ZIP_DEFLATED) as new:
        for name in old.namelist():
            bomb = b"\x93NUMPY\x01\x00" + struct.pack("<H", len(head)) + head.encode() + bytes(2**27)
            new.writestr(name, bomb if name == "score.npy" else old.read(name))
    assert len(file.getvalue()) < 2**20
    with pytest.raises(TraceError, match=r"unpacks to .* open a smaller one\.$"):
        load(Upload(file.getvalue()))


@given(some.integers(0, 10), some.integers(2, 5))
def test_what_is_saved_is_what_is_opened(seed, tasks):
    stream = replace(STREAM, tasks=tasks)
    trace = run(RunConfig(stream, presets.nested(stream)), seed)
    assert load(Upload(to_bytes(trace))).same_events(trace)
