"""Settings: read from the environment, listed with their origin, refused in a sentence; secrets are never shown."""

import contextlib
import os
import re
import subprocess
import sys
from unittest.mock import patch

import pytest
from hypothesis import given
from hypothesis import strategies as some

from app.settings import Classroom, SettingsError, settings, table, variables
from app.state import budget
from nested_core import presets
from nested_core.config import ConfigError
from tests.browsing import ROOT

NAMES = [variable for _, _, variable, _ in variables()]
OTHERS = {name: value for name, value in os.environ.items() if not name.startswith(("CLASSROOM_", "PLAYGROUND_"))}


def read(**environment: str):
    """The settings in this environment."""
    with patch.dict(os.environ, OTHERS | environment, clear=True):
        settings.cache_clear()
        try:
            return settings(), {row[1]: row for row in table()}
        finally:
            settings.cache_clear()


def refused(**environment: str) -> list[str]:
    with pytest.raises(SettingsError) as caught:
        read(**environment)
    return str(caught.value).splitlines()


def test_each_comes_from_its_variable_and_the_table_says_so():
    found, rows = read(PLAYGROUND_RUN_SECONDS="60", CLASSROOM_DAYS="7", PLAYGROUND_METRICS="off", PLAYGROUND_PROXIES="")
    assert (found.run_seconds, found.classroom.days, found.metrics, found.proxies) == (60, 7, False, 0)
    assert rows["PLAYGROUND_RUN_SECONDS"][2:4] == ("60", "600") and rows["CLASSROOM_DAYS"][-1] == "environment"
    assert rows["PLAYGROUND_METRICS"][2:4] == ("off", "on") and rows["PLAYGROUND_PROXIES"][-1] == "default"
    assert list(rows) == NAMES and all(row[4] for row in rows.values())
    hosts = read(PLAYGROUND_HOSTS="Learn.School.org, *.school.org")[0].hosts
    assert hosts == ("learn.school.org", "*.school.org")


@pytest.mark.parametrize("value", ["0", "-1", "many", "1e3", "٣", "9" * 30, "1.5"])
def test_no_count_but_a_whole_number_above_0(value):
    (sentence,) = refused(CLASSROOM_DAYS=value)
    assert sentence == f"CLASSROOM_DAYS: {value!r} cannot be used; give a whole number above 0."


@given(some.dictionaries(some.sampled_from(NAMES), some.text(some.characters(exclude_characters="\0"), max_size=30)))
@pytest.mark.fuzz
def test_any_text_is_taken_or_refused_in_a_sentence_that_names_the_variable(environment):
    try:
        read(**{name: value.encode("utf-8", "replace").decode() for name, value in environment.items()})
    except SettingsError as error:
        for sentence in str(error).splitlines():
            variable = sentence.partition(":")[0]
            assert variable in environment and re.search(r" cannot be used; (give|choose) .+\.$", sentence)


def test_a_misspelt_name_and_every_wrong_value_are_told_at_once():
    told = refused(
        CLASSROOM_STUDNETS="3", PLAYGROUND_LOG_LEVEL="loud", PLAYGROUND_FRAME_ANCESTORS="'self'; script-src *"
    )
    assert told[0] == "CLASSROOM_STUDNETS: there is no such setting; did you mean CLASSROOM_STUDENTS?"
    assert [line.partition(":")[0] for line in told[1:]] == ["PLAYGROUND_FRAME_ANCESTORS", "PLAYGROUND_LOG_LEVEL"]


def test_secrets_are_used_but_never_shown():
    secret, url = "correct horse battery staple", "postgres://teacher:pass-word@host/class"
    found, rows = read(CLASSROOM_SECRET=secret, DATABASE_URL=url)
    assert found.classroom.secret.get_secret_value() == secret
    assert found.classroom.url() == "postgresql+psycopg://teacher:pass-word@host/class"
    shown = repr((found, rows)) + "".join(refused(CLASSROOM_SECRET="pass-word", DATABASE_URL="pass-word"))
    assert "pass-word" not in shown and "horse" not in shown
    assert rows["DATABASE_URL"][2] == "postgresql+psycopg://teacher:***@host/class"


def test_a_run_may_be_as_large_as_its_owner_allows():
    config = presets.run_config(stream := presets.stream("permuted_digits"), presets.nested(stream))
    budget().check(config)
    for name, least in (("STEPS", stream.steps), ("WIDTH", config.learner.width), ("TASKS", stream.tasks)):
        for most, fits in (
            (least, contextlib.nullcontext()),
            (least - 1, pytest.raises(ConfigError, match="one run may have")),
        ):
            with patch.dict(os.environ, {f"PLAYGROUND_RUN_{name}": str(most)}), fits:
                settings.cache_clear()
                budget().check(config)
    settings.cache_clear()


def test_a_folder_that_cannot_be_made_is_a_sentence(tmp_path):
    (tmp_path / "file").touch()
    with pytest.raises(SettingsError, match=r"^CLASSROOM_DATA: .* give a folder"):
        Classroom(data=tmp_path / "file" / "inside").folder()
    assert Classroom(data=tmp_path / "new").folder().stat().st_mode & 0o077 == 0


@pytest.mark.parametrize("command", ["-m app.settings", "-m streamlit run app/server.py --server.headless true"])
def test_a_bad_value_ends_the_command_with_one_sentence_and_status_2(command):
    environment = OTHERS | {"CLASSROOM_DAYS": "seven"}
    done = subprocess.run(
        [sys.executable, *command.split()], cwd=ROOT, env=environment, capture_output=True, text=True, timeout=60
    )
    assert done.returncode == 2, done.stderr
    assert done.stderr.strip() == "CLASSROOM_DAYS: 'seven' cannot be used; give a whole number above 0."
