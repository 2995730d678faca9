"""English and German from one catalogue, and nothing that a person reads goes past it.

The stand-in language of these tests puts every text of the catalogue between ⟦ and ⟧: whatever words a page then shows
outside of them came another way.
"""

import ast
import html
import json
import re
from concurrent.futures import Future
from pathlib import Path

import pytest
from streamlit.testing.v1 import AppTest

import lessons
from app import language
from app.language import Catalogue, plural, speaking, tr
from app.learn import steps
from app.locale import texts
from nested_core.config import ConfigError, check
from nested_core.phrase import phrase
from tests.browsing import CHROMIUM, chromium, server, until

APP = Path(__file__).resolve().parent.parent / "app"
LANGUAGES = [name for name in language.LANGUAGES if name != "en"]


class Marked(dict):
    """Every text between marks."""

    def get(self, text, default):
        return tuple(f"⟦{form}⟧" for form in default) if text[1].strip() else default


@pytest.fixture
def marked(monkeypatch):
    monkeypatch.setattr(language, "catalogue", lambda name: Catalogue(Marked(), lambda n: int(n != 1)))
    monkeypatch.setitem(language.LANGUAGES, "marked", "⟦marked⟧")
    with speaking("marked"):
        yield


@pytest.mark.parametrize("name", LANGUAGES)
def test_a_catalogue_has_every_text_and_no_other(name):
    wanted, held = ({texts.key(x) for x in found if x.id} for found in (texts.template(), texts.read(name)))
    assert not texts.missing(name), f"run `python -m app.locale` and translate what it names in {name}.po"
    assert held == wanted, "run `python -m app.locale`"


def test_a_text_says_its_values_in_the_order_of_the_language(monkeypatch):
    words = {
        ("", "{a} before {b}"): ("{b} nach {a}",),
        ("", "one {n}"): ("ein {n}", "viele {n}"),
        ("", "give {x}"): ("gib {x}",),
        ("", "{field}: {value} cannot be used; {fix}."): ("{field}: {value} geht nicht; {fix}.",),
        ("page", "Teach"): ("Unterrichten",),
        ("", "Teach"): ("Beibringen",),
    }
    monkeypatch.setattr(language, "catalogue", lambda name: Catalogue(words if name == "de" else {}, lambda n: n != 1))
    with pytest.raises(ConfigError) as raised:
        check(False, "rate", 5, phrase("give {x}", x=3))
    assert str(raised.value) == tr(raised.value) == "rate: 5 cannot be used; give 3."
    assert tr("{a} before {b}", a=1, b=2) == "1 before 2" and tr("unknown {") == "unknown {"
    assert tr("{n:,} of {x:.1f}", n=1400, x=0.25) == "1,400 of 0.2"
    with speaking("de"):
        assert tr("{n:,} of {x:.1f}", n=1400, x=0.25) == "1\u202f400 of 0.2"  # a comma stands before decimals there
        assert tr("{a} before {b}", a=1, b=2) == "2 nach 1" and tr("not in it") == "not in it"
        assert (plural("one {n}", "many {n}", 1), plural("one {n}", "many {n}", 2)) == ("ein 1", "viele 2")
        assert tr(raised.value) == "rate: 5 geht nicht; gib 3."
        assert (tr(phrase("Teach", "page")), tr("Teach")) == ("Unterrichten", "Beibringen")


def test_a_phrase_is_its_english_text_and_survives_the_way_from_a_worker():
    import pickle

    made = phrase("step {at} of {total}", at=3, total=9)
    back = pickle.loads(pickle.dumps(made))
    assert made == back == "step 3 of 9" and (back.template, back.values) == (
        "step {at} of {total}",
        dict(at=3, total=9),
    )


# In the code: what is given to Streamlit to be read is not written there

READ = {"title", "header", "subheader", "caption", "markdown", "info", "error", "warning", "success", "write", "toast"}
READ |= {"button", "checkbox", "toggle", "radio", "selectbox", "multiselect", "slider", "select_slider", "expander"}
READ |= {"number_input", "text_input", "text_area", "file_uploader", "download_button", "link_button"}
READ |= {"segmented_control", "pills", "popover", "metric", "spinner", "form_submit_button", "data_editor", "tabs"}
LOG = ("log", "LOG", "par")  # a log's and an argument parser's methods have the same names
WORDS = {"help", "label", "placeholder", "alt", "body", "text"}


def bypassing(path: Path):
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if (
            isinstance(node, ast.Call)
            and getattr(node.func, "attr", "") in READ
            and ast.unparse(node.func)[:3] not in LOG
        ):
            given = [*node.args[:1], *(word.value for word in node.keywords if word.arg in WORDS)]
            for written in given:
                for part in ast.walk(written) if isinstance(written, ast.JoinedStr | ast.BinOp) else [written]:
                    if isinstance(part, ast.Constant) and isinstance(part.value, str) and _words(part.value):
                        yield f"{path.relative_to(APP.parent)}:{part.lineno}: {part.value!r}"


def test_no_text_in_the_code_goes_past_the_catalogue():
    found = [line for path in sorted(APP.rglob("*.py")) for line in bypassing(path)]
    assert not found, "\n".join(found)


# On the pages

DATA = re.compile(  # names, addresses and symbols, the same in every language
    r"Nested Learning Playground|Hope|Titans|Transformer|Adam|Muon|English|Python|marked|\{dot\||https?://\S+|[a-z_]*\?[\w=&*.%~-]+|\$[^$]*\$|`[^`]*`|:material/\w+:|:[a-z-]+\[|&\w+;"
)
SHOWN = {
    "text",
    "name",
    "label",
    "formatter",
    "data",
    "title",
    "words",
    "alt",
    "subtext",
    "help",
    "unit",
    "across",
    "places",
}  # in pictures
UNREAD = {
    "id",
    "form_id",
    "url",
    "icon",
    "script",
    "page_script_hash",
    "page",
    "shortcut",
    "theme",
    "language",
    "code_text",
}
UNREAD |= {
    "format",
    "raw_value",
    "element_id",
    "js_content",
    "css_content",
    "html_content",
    "component_name",
    "type",
    "deferred_file_id",
    "autocomplete",
}


def _words(text: str) -> list[str]:
    """Words of at least three letters outside the marks, markup, names and symbols."""
    while (inner := re.sub(r"⟦[^⟦⟧]*⟧", " ", text)) != text:
        text = inner
    text = re.sub(r"<style>.*?</style>|<svg.*?</svg>|<[^>]*>", " ", text, flags=re.S)
    return re.findall(r"[^\W\d_]{3,}", DATA.sub(" ", html.unescape(text)))


def strings(proto):
    """(field, text) of what a message to the browser shows."""
    for field, value in proto.ListFields():
        for part in [value] if isinstance(value, str | bytes | int | float) or hasattr(value, "ListFields") else value:
            if isinstance(part, str) and part.startswith(("{", "[")) and part.endswith(("}", "]")):
                yield from ((field.name, text) for text in pictured(json.loads(part)))
            elif isinstance(part, str):
                yield field.name, part
            elif hasattr(part, "ListFields"):
                yield from strings(part)


def pictured(data, key=""):
    """Texts in the description of a picture or a component."""
    if isinstance(data, str):
        yield from [data] if key in SHOWN else []
    elif isinstance(data, dict):
        for name, part in data.items():
            yield from pictured(part, name if key != "words" else "words")
    elif isinstance(data, list):
        for part in data:
            yield from pictured(part, key)


def elements(block):
    yield block
    for child in getattr(block, "children", {}).values():
        yield from elements(child)


def unmarked(page: AppTest, own: str = "$") -> list[str]:
    """What a page shows in other words than its own, which are data, without having asked the catalogue."""
    found, names = [], re.compile(own)
    for element in elements(page._tree):
        if (proto := getattr(element, "proto", None)) is not None:
            for field, text in strings(proto):
                if field not in UNREAD and _words(names.sub(" ", text)):
                    found.append(f"{proto.DESCRIPTOR.name}.{field}: {text[:300]!r}")
    return found


OWN = {"memory": "Peru|Lima"}  # facts
SETTINGS = "permuted_digits|(?<=</b> )[a-z_]+ → [a-z_]+|<b>[a-z]+</b>"  # as a file of settings has them


def opened(name: str, **query: str) -> AppTest:
    page = AppTest.from_file(str(APP / "main.py"), default_timeout=30)
    page.session_state["language"] = "marked"
    page.run()
    page.query_params.update(query)
    page.switch_page(f"app_pages/{name}.py").run()
    assert not page.exception
    return page


@pytest.mark.parametrize("name", ["playground", "learn", "memory", "draw", "compare", "teach", "join"])
def test_a_page_says_everything_in_the_language_of_its_tab(marked, name):
    assert not unmarked(opened(name), f"{OWN.get(name, SETTINGS)}|{SETTINGS}")


def test_a_lesson_says_everything_in_the_language_of_its_tab(marked, monkeypatch):
    monkeypatch.setattr(steps, "recording", lambda number: Future())  # what it computes is not shown here
    page = AppTest.from_file(str(APP / "app_pages" / "learn.py"), default_timeout=30)
    page.session_state["language"] = "marked"
    for lesson in lessons.all_lessons():
        for step in ("predict", "hook", "why", "check", "try", "summary"):
            locked = {} if step == "predict" else {f"p{lesson.number}": "skip"}
            page.query_params.clear()
            page.query_params.update({"lesson": str(lesson.number), "step": step, **locked})
            page.run()
            assert f"⟦{lesson.title}⟧" in page.title[0].value
            assert not unmarked(page, r"guess \d+")


# In a browser


@pytest.mark.slow
@pytest.mark.browser
@pytest.mark.skipif(CHROMIUM is None, reason="no Chromium here: install the package chromium, or run `make test`")
def test_a_visit_in_german_and_back(capsys):
    with server() as address, chromium() as browser:
        page = browser.new_page(viewport={"width": 1024, "height": 768}, locale="de-DE")
        page.set_default_timeout(60_000)
        page.goto(f"{address}/playground?v=1&stream=class_digits&tasks=2&dwell=50")  # the browser asks for German
        page.get_by_role("button", name=re.compile("^Starten")).wait_for()
        until(page, "() => document.documentElement.lang === 'de'")
        page.get_by_role("button", name=re.compile("^Starten")).click()
        page.get_by_text("Nach allen 2 Aufgaben").first.wait_for()
        assert not page.get_by_text("Traceback").count()

        page.get_by_role("button", name="English", exact=True).click()  # in the middle of a visit
        page.get_by_text("After all 2 tasks").first.wait_for()
        until(page, "() => document.documentElement.lang === 'en' && location.search.includes('lang=en')")
        page.reload()  # what was chosen counts for more than what the browser asks for
        page.get_by_role("button", name=re.compile("^Run")).wait_for()
