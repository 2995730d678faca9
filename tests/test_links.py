"""Links of the pages "Talk to a memory" and "Draw a digit": what goes in comes back, and no address breaks a page."""

from pathlib import Path
from urllib.parse import parse_qsl, urlsplit

import pytest
from hypothesis import given
from hypothesis import strategies as st
from streamlit.testing.v1 import AppTest

from app.draw import link as draw
from app.draw.learners import Training
from app.draw.questions import TASKS
from app.draw.strokes import EMPTY
from app.memory_lab import gallery, lesson
from app.memory_lab import link as memory
from app.memory_lab.facts import Fact, words
from app.query import link
from tests.page import address

MEMORY = str(Path(memory.__file__).resolve().parent.parent / "app_pages" / "memory.py")
phrases = st.text(min_size=1, max_size=20).map(str.strip).filter(lambda text: 0 < len(words(text)) <= 8)
settings = st.builds(
    lesson.Setting,
    st.lists(st.builds(Fact, phrases, phrases), min_size=1, max_size=24).map(tuple),
    st.sampled_from(lesson.SIZES),
    st.integers(1, 10).map(lambda tenth: tenth / 10),
    st.sampled_from(lesson.RETENTIONS),
    st.integers(0, 20),
    st.integers(0, 400),
    st.integers(0, 100).map(lambda percent: percent / 100),
    st.sampled_from(lesson.ALIKE),
)
wishes = st.builds(memory.Wish, st.just("rules"), settings, phrases)
drawings = st.builds(
    draw.Wish,
    st.sampled_from(TASKS),
    st.integers(0, 2**31 - 1),
    st.lists(st.integers(0, 16).map(lambda shade: shade / 16), min_size=64, max_size=64).map(tuple),
)


def opened(page, wish):
    return page.read(dict(parse_qsl(urlsplit(link("http://x/page", wish.query())).query, keep_blank_values=True)))


@given(wishes)
def test_a_link_of_the_memory_gives_back_every_setting(wish):
    assert opened(memory, wish) == (wish, [])


@given(drawings)
def test_a_link_of_the_drawing_gives_back_every_setting(wish):
    assert opened(draw, wish) == (wish, [])


@pytest.mark.fuzz
@pytest.mark.parametrize("page", [memory, draw])
def test_no_link_breaks_a_page(page):
    @given(st.dictionaries(st.sampled_from([*page.FIELDS, "x"]), st.text(max_size=80)))
    def holds(query):
        wish, notices = page.read(query)
        assert all(n.startswith("link: ") and n.endswith(".") for n in notices)
        assert opened(page, wish) == (wish, [])  # whatever was read is itself a good wish

    holds()


@pytest.mark.parametrize(
    "page, query, words",
    [
        (memory, {"facts": "Peru"}, "facts = 'Peru' cannot be used; write key~value, joined by ~"),
        (memory, {"facts": "Peru~"}, "the value of a fact: '' cannot be used; give one or more words"),
        (memory, {"retention": "0.5"}, "choose one of 0.9, 0.95"),
        (memory, {"distance": "401"}, "give a whole number from 0 to 400"),
        (memory, {"talk": "gpt"}, "choose one of rules, hope"),
        (memory, {"ask": "?"}, "the question: '?' cannot be used"),
        (draw, {"tasks": "3"}, "choose one of 2, 5"),
        (draw, {"image": "0" * 63}, "give 64 letters from 0 to 9 and a to g"),
        (draw, {"v": "2"}, "this program reads version 1"),
        (draw, {"levels": "1"}, "'levels' is unknown and was left out"),
    ],
)
def test_a_bad_value_gets_a_sentence_and_the_default(page, query, words):
    wish, notices = page.read(query)
    assert len(notices) == 1 and words in notices[0]
    assert wish == (memory.DEFAULT if page is memory else draw.Wish())


def test_every_preset_of_the_memory_has_a_link():
    for preset in gallery.PRESETS:
        wish = memory.Wish("rules", preset.setting, preset.setting.facts[0].key)
        assert opened(memory, wish) == (wish, [])


def test_the_page_opens_as_its_link_says_and_tells_its_own(tmp_path):
    main = tmp_path / "main.py"
    main.write_text(f"import streamlit as st\nst.navigation([st.Page({MEMORY!r}, url_path='memory')]).run()\n")
    page = AppTest.from_file(str(main), default_timeout=20)
    asked = {"facts": "snow~white~cow~moo", "distance": "10", "size": "16", "ask": "cow", "noise": "x", "colour": "red"}
    for name, value in asked.items():
        page.query_params[name] = value
    page.run()
    text = "\n".join(m.value for m in [*page.markdown, *page.caption])
    assert not page.exception and "Asked now: **“cow”**" in text and page.segmented_control(key="lab size").value == 16
    assert [e.value.split(" ")[1] for e in page.error] == ["'colour'", "noise"]
    wish, notices = memory.read(address(page))
    assert not notices and wish.setting.facts == (Fact("snow", "white"), Fact("cow", "moo"))
    assert (wish.setting.distance, wish.setting.size, wish.ask) == (10, 16, "cow")
    page.segmented_control(key="lab size").set_value(8).run()
    assert memory.read(address(page))[0].setting.size == 8


def test_the_canvas_of_a_link_is_what_is_asked_about(monkeypatch):
    held = draw.Wish(2, 7, tuple(i / 64 // (1 / 16) / 16 for i in range(64)))
    assert held.image != EMPTY

    class Busy:
        def open(self, lesson):
            assert (lesson.tasks, lesson.seed) == (2, 7)
            return Training(lesson, error="nothing is trained here")

        def forget(self, lesson): ...

    monkeypatch.setattr("app.draw.learners.learners", Busy)
    page = AppTest.from_file(MEMORY.replace("memory.py", "draw.py"), default_timeout=20)
    for name, value in held.query().items():
        page.query_params[name] = value
    page.run()
    assert page.session_state["draw image"] == held.image and address(page) == held.query()
