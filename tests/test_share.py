"""Links, presets and exports: what goes into an address comes back, and no address breaks the page."""

import io
import json
import zipfile
from dataclasses import replace
from urllib.parse import parse_qsl, urlsplit

import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from app import configuration, export, gallery, share
from app.query import link
from nested_core import presets
from nested_core.config import STREAMS, TASK_LIMITS, ConfigError, Level, from_dict
from nested_core.trace import CHANNELS
from tests import fake_run

KINDS = [kind for kind in STREAMS if kind != "own_text"]
BASELINES = {kind: share.default(kind).baselines for kind in KINDS}
levels = st.lists(
    st.builds(
        Level,
        st.integers(1, 20_000),
        st.floats(1e-6, 100).map(lambda x: float(f"{x:g}")),
        st.booleans(),
        st.one_of(st.just(1.0), st.floats(1e-6, 1).map(lambda x: float(f"{x:g}"))),
    ),
    min_size=1,
    max_size=8,
    unique_by=lambda x: x.period,
).map(lambda found: tuple(sorted(found, key=lambda x: x.period)))


@st.composite
def choices(draw):
    kind = draw(st.sampled_from(KINDS))
    rounds = draw(st.integers(1, 20))
    return share.Choice(
        kind,
        draw(st.integers(*TASK_LIMITS[kind])),
        rounds,
        draw(st.integers(1, 2_000)),
        draw(levels),
        tuple(name for name in BASELINES[kind] if draw(st.booleans())),
        draw(st.integers(0, 2**31 - 1)),
    )


def opened(link: str):
    return share.read(dict(parse_qsl(urlsplit(link).query, keep_blank_values=True)))


@given(choices())
def test_a_link_gives_back_the_choice(choice):
    assert opened(link("http://localhost:8501/playground", choice.query())) == (choice, [])


@pytest.mark.parametrize(
    "query, words",
    [
        ({"stream": "digit"}, "stream = 'digit' cannot be used"),
        ({"tasks": "99"}, "give a whole number from 2 to 10"),
        ({"levels": "0*0.3"}, "levels = '0*0.3' cannot be used; period: 0 cannot be used"),
        ({"levels": "1*0.3_1*0.4"}, "give every level another period"),
        ({"levels": "fast"}, "write period*rate, joined by _"),
        ({"levels": "1*0.3*k1.5"}, "retention: 1.5 cannot be used; give a number above 0 and at most 1"),
        ({"levels": "1*0.3*p*k0.9"}, "write period*rate, joined by _"),
        ({"with": "replay"}, "name one or more of single_loop"),
        ({"v": "2"}, "this program reads version 1"),
        ({"stream": "own_text"}, "texts are never part of a link"),
    ],
)
def test_a_bad_value_gets_a_sentence_and_the_default(query, words):
    choice, notices = share.read(query)
    assert len(notices) == 1 and words in notices[0]
    assert choice == share.default(query["stream"] if query.get("stream") == "own_text" else "permuted_digits")


def test_presets_are_different_good_links_and_some_make_nested_lose():
    assert len(gallery.PRESETS) >= 15
    assert len({preset.choice for preset in gallery.PRESETS}) == len(gallery.PRESETS)
    for preset in gallery.PRESETS:
        assert share.read(dict(parse_qsl(preset.link)))[1] == [], preset.name
        assert preset.choice.configs()


def test_exports_hold_every_number(tmp_path):
    stream = presets.stream("permuted_digits", 1, tasks=2, dwell=10)
    configs = tuple(presets.run_config(stream, arm) for arm in presets.arms(stream))
    traces = [fake_run.run(config, 0) for config in configs]
    table = export.frame(traces)
    trace, rows = traces[0], table[table.learner == "nested"]
    for name, channel in CHANNELS.items():
        if channel.dims[0] in ("step", "probe") and name not in ("probe_step", "sample"):
            found = rows[rows.channel == name].value.to_numpy()
            assert pd.Series(found).equals(pd.Series(trace[name].astype(float).ravel())), name
    with zipfile.ZipFile(io.BytesIO(export.csv(traces))) as archive:
        assert len(pd.read_csv(archive.open("trace.csv"))) == len(table)
    assert len(pd.read_parquet(io.BytesIO(export.parquet(traces)))) == len(table)
    page = export.report(traces, "http://localhost/playground?v=1").decode()
    assert "After all 2 tasks" in page and "<script src" not in page  # nothing is fetched from elsewhere
    program = export.script(configs, 3)
    held = json.loads(program.split('r"""', 1)[1].split('"""', 1)[0])
    assert tuple(from_dict(config) for config in held) == configs and "seed=3" in program
    compile(program, "nested_run.py", "exec")


def test_a_link_hides_controls_and_says_what_it_cannot_hide():
    choice, notices = share.read({"hide": "levels_seed"})
    assert choice == share.default() and notices == []
    (sentence,) = share.read({"hide": "levels_everything"})[1]
    assert sentence.startswith("link: hide = 'levels_everything' cannot be used; name some of preset, stream")


def test_settings_survive_their_file_and_a_bad_file_is_one_sentence():
    choice = share.default("own_text")
    texts = (("one", "to be or not to be. " * 200), ("two", "that is the question. " * 200))
    saved = configuration.dump(choice, share.Wanted(choice.configs(texts), choice.seed))
    back, found, notices = configuration.read("settings.json", saved)
    assert back.query() == choice.query() and found == [text for _, text in texts] and not notices
    plain = share.default("class_digits")
    assert configuration.read("s.json", configuration.dump(plain, None)) == (plain, [], [])
    for data, words in (
        (b"\x00", "not a JSON file"),
        (b"[" * 100_000, "not a JSON file"),
        (b"[1]", "not settings"),
        (saved.replace(b'"version": 1', b'"version": 7'), "version 7"),
        (saved.replace(b'"v": "1"', b'"v": 1'), "must hold texts"),
        (configuration.dump(choice, None).replace(b"[]", b'["x"]'), "text 1"),
    ):
        with pytest.raises(ConfigError) as error:
            configuration.read("s.json", data)
        assert words in str(error.value) and str(error.value).endswith(".")


@pytest.mark.parametrize("is_text", [False, True])
def test_every_kind_of_nest_gives_a_run_and_survives_its_link(is_text):
    base = share.default("languages" if is_text else "permuted_digits")
    for nest, (variant, optimizer, model) in share.NESTS[is_text].items():
        choice = replace(base, nest=nest, levels=(Level(1, 0.01), Level(8, 0.01)))
        learner = choice.configs()[0].learner
        assert (learner.variant, learner.optimizer, learner.model) == (variant, optimizer, model)
        assert opened(link("http://x/playground", choice.query())) == (choice, [])
    assert share.read({"nest": "loose"})[1][0].startswith("link: nest = 'loose' cannot be used; choose one of indep")
