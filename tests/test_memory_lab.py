"""The memory lab: its numpy rules equal the specification, the bars sum to the read-out, presets hold their claims."""

import subprocess
import sys
import time
from pathlib import Path

import numpy as np
import pytest
import torch
from streamlit.testing.v1 import AppTest

from app.memory_lab import (
    answers,
    controls,
    curves,
    gallery,
    hope_questions,
    hope_views,
    hope_worker,
    maps,
    sentences,
    words,
)  # fmt: skip
from app.memory_lab.facts import MAX_FACTS, Fact, read_line, read_table
from app.memory_lab.hope_questions import Read, Train
from app.memory_lab.hope_server import Hopes
from app.memory_lab.lesson import Lesson, Setting, contributions, memory, teach, writers
from app.memory_lab.rules import RULES, apply
from nested_core.config import ConfigError
from nested_core.memory import MEMORIES
from nested_core.ops.self_modifying import Writing
from nested_core.ops.self_modifying.common import MEMORY, Gates, MemoryState
from nested_core.ops.self_modifying.naive import naive

ROOT = Path(__file__).resolve().parent.parent
SPECIFIED = {"Hebbian": "hebbian", "delta": "delta", "gated delta": "gated delta, decay first"}
BUSY = Setting(gallery.SIX, gap=3, distance=40, noise=0.7, step=0.8, retention=0.97, alike=0.6)


def run_of(lesson: Lesson, name: str):
    return next(run for run in lesson.runs if run.rule.name == name)


@pytest.mark.parametrize("name", SPECIFIED)
def test_the_rules_equal_nested_core(name):
    lesson = teach(BUSY)
    run, rule = run_of(lesson, name), MEMORIES[SPECIFIED[name]]
    gates = {"alpha": BUSY.retention} if name == "gated delta" else {}
    M = rule.start(BUSY.size, BUSY.size)
    for t in range(lesson.steps):
        k, v = torch.tensor(lesson.keys[t]), torch.tensor(lesson.values[t])
        M = rule.write(M, k, v, eta=float(lesson.eta[t]), **gates)
        asked = torch.stack([rule.ask(M, torch.tensor(q)) for q in lesson.questions]).numpy()
        assert np.abs(run.read[t + 1] - asked).max() < 1e-12
    assert np.abs(memory(lesson, run, lesson.steps) - M.numpy()).max() < 1e-12


def test_the_self_modifying_rule_equals_the_specification_of_hope():
    """Its projections are fixed: the key and the value are the two halves of x."""
    lesson = teach(BUSY)
    run, d = run_of(lesson, "self-modifying"), BUSY.size
    first = torch.zeros(5, 2 * d, 2 * d, dtype=torch.float64)
    first[0, :d, :d] = 1e6 * torch.eye(d)  # k = the first half; large, so that normalizing it is exact
    first[1, :d, d:] = torch.eye(d)  # v = the second
    first[MEMORY] = torch.eye(2 * d)
    layers = (first[None, None],)
    state = MemoryState(layers, layers, (), 0)
    zeros = torch.zeros(1, 2 * d, dtype=torch.float64)
    for t in range(lesson.steps):
        alpha, eta = BUSY.retention, float(lesson.eta[t]) / 2
        logit = lambda p: torch.logit(torch.tensor([p], dtype=torch.float64))  # noqa: E731
        gates = Gates(zeros, zeros, logit(eta / (0.5 * (1 + alpha))), logit(alpha))
        x = torch.tensor(np.concatenate([lesson.keys[t], lesson.values[t]]))[None, None, None]
        _, state = naive(x, x, state, gates, Writing(adapt=("memory",)), chunk=1)
    ours, theirs = memory(lesson, run, lesson.steps), state.memory[0][0, 0, MEMORY, :d, :d].numpy()
    assert np.abs(ours - theirs).max() < 1e-12 and np.abs(ours).max() > 0.1


@pytest.mark.parametrize("name", [rule.name for rule in RULES])
@pytest.mark.parametrize("step", [0, 1, 30, 61])
def test_what_tokens_contribute_sums_to_the_answer(name, step):
    lesson = teach(BUSY)
    run = run_of(lesson, name)
    M = memory(lesson, run, step)
    for q in (lesson.questions[0], words.phrase("something else", BUSY.size)):
        parts = contributions(lesson, run, step, q)
        assert parts.shape == (step + 1, BUSY.size) and np.abs(parts.sum(0) - M @ q).max() < 1e-12
    answer = answers.ask(lesson, run, step, "Peru")
    assert abs(answer.parts.sum() - answer.strength) < 1e-12
    # The writers of the cells are the same sums, one for every column.
    columns = np.stack([contributions(lesson, run, step, e) for e in np.eye(BUSY.size)], axis=2)  # [step+1, out, d]
    most, sizes = writers(lesson, run, step), np.abs(columns)
    picked = np.take_along_axis(sizes, most[None], axis=0)[0]
    assert np.allclose(picked, sizes.max(0), atol=1e-12)


def test_a_contribution_is_what_would_be_missing():
    """Leaving one token's addition out, with all erasures as they were, takes exactly its bar away."""
    lesson, step, left_out = teach(BUSY), 30, 4
    run = run_of(lesson, "gated delta")
    q, M = lesson.questions[1], run.rule.start(BUSY.size)
    for t in range(step):
        write = run.writes[t]
        M = apply(M, lesson.keys[t], write._replace(u=write.u * (t != left_out)))
    missing = memory(lesson, run, step) @ q - M @ q
    assert np.abs(missing).max() > 1e-3
    assert np.abs(missing - contributions(lesson, run, step, q)[left_out]).max() < 1e-12


def test_closed_forms():
    alone = teach(Setting((Fact("Peru", "Lima"),), distance=10, noise=0.0, retention=0.9))
    fall = curves.recall(alone, run_of(alone, "gated delta"))[1:, 0]
    # Noise that is written at strength 0 does nothing but fade.
    assert np.allclose(fall, 0.9 ** np.arange(11), atol=1e-12)
    assert np.allclose(curves.recall(alone, run_of(alone, "Hebbian"))[1:, 0], 1.0)
    alike = teach(Setting(gallery.SIX[:2], gap=0, distance=0, noise=0.0, alike=0.6))
    assert alike.questions[0] @ alike.questions[1] == pytest.approx(0.6)
    # The second write erases its share of the first: 1 - cos^2, and adds cos times what the values have in common.
    shared = alike.values[0] @ alike.values[1]
    assert curves.recall(alike, run_of(alike, "delta"))[-1, 0] == pytest.approx(1 - 0.6**2 + 0.6 * shared)
    first = run_of(alone, "delta")
    assert np.allclose(first.error[0], [1, 0]) and first.moved[0] == pytest.approx(1)
    assert np.allclose(np.linalg.norm(alike.vectors, axis=1), 1)


def test_presets_hold_their_claims():
    lessons = [teach(preset.setting) for preset in gallery.PRESETS]
    alone, changed, alike, room, decay, gate, own = lessons
    known = lambda lesson: {run.rule.name: curves.right(lesson, run, lesson.steps) for run in lesson.runs}  # noqa: E731
    asked = lambda lesson, name, key: answers.ask(lesson, run_of(lesson, name), lesson.steps, key)  # noqa: E731
    assert set(known(alone).values()) == {(1, 1)}
    for rule in RULES[1:]:
        assert asked(alone, rule.name, "Peru").sure < answers.ask(alone, run_of(alone, rule.name), 1, "Peru").sure
    assert asked(changed, "Hebbian", "president").name == "Smith or Jones"
    assert all(asked(changed, rule.name, "president").name == "Jones" for rule in RULES[1:])
    assert asked(alike, "delta", "Peru").name == "Santiago"
    assert asked(teach(Setting(gallery.SIX, gap=0, distance=0, noise=0.0)), "delta", "Peru").name == "Lima"
    assert all(right < told == 12 for right, told in known(room).values())
    assert known(decay)["gated delta"] == (0, 6) and known(decay)["delta"] == (6, 6)
    assert known(gate)["delta"][0] < 3 and known(gate)["gated delta"][0] < 3
    assert asked(own, "self-modifying", "Peru").name == "coast" and asked(own, "delta", "Peru").name == "Lima"


@pytest.mark.parametrize("line", ["Peru -> Lima", "Peru is Lima", "Peru = Lima", "Peru: Lima", "  Peru → Lima "])
def test_a_line_becomes_a_fact(line):
    assert read_line(line) == Fact("Peru", "Lima")


@pytest.mark.parametrize(
    "line, said",
    [
        ("", "write a fact"),
        ("Peru Lima", 'join its two sides by "is"'),
        ("Peru is", "the value of a fact"),
        ("-> Lima", "the key of a fact"),
        ("a" * 61 + " is b", "61 letters are too many, give at most 60"),
        ("a b c d e f g h i is j", "give at most 8 words"),
        ("!!! is ...", "give one or more words"),
    ],
)
def test_what_is_no_fact_gets_one_sentence(line, said):
    with pytest.raises(ConfigError, match=said) as error:
        read_line(line)
    assert "\n" not in str(error.value) and str(error.value).endswith(".")


def test_a_table_keeps_what_it_can():
    facts, problems = read_table([("Peru", "Lima"), (None, None), ("Chile", None), ("", " "), ("snow", "white")])
    assert facts == (Fact("Peru", "Lima"), Fact("snow", "white"))
    assert len(problems) == 1 and problems[0].startswith("row 3: the value of a fact")
    facts, problems = read_table([(f"k{i}", "v") for i in range(MAX_FACTS + 3)])
    assert len(facts) == MAX_FACTS and "27 are too many" in problems[0]


def test_views_show_the_lesson():
    lesson = teach(BUSY)
    run = run_of(lesson, "delta")
    step = int(np.flatnonzero(lesson.fact == 2)[0]) + 1
    framed = maps.after(lesson, run, step, calm=True)["series"][1]["data"]
    M = memory(lesson, run, step)
    assert framed and all(abs(M[i, j] - v) < 1e-3 for j, i, v, _ in framed)
    active = {(i, j) for i in range(BUSY.size) for j in np.flatnonzero(lesson.keys[step - 1])}
    assert {(i, j) for j, i, *_ in framed} <= active  # a write only touches the columns of its key
    assert f"fact 3 is written, “{gallery.SIX[2].value}”" in sentences.token(lesson, step)
    before, after = run.error[step - 1]
    assert f"Error {before:.2f} → {after:.2f}" in sentences.write(lesson, run, step)
    found = [answers.ask(lesson, r, step, "snow") for r in lesson.runs]
    bars = answers.option(lesson, found, step)["series"]
    assert sum(value for _, value, _ in (bar["value"] for bar in bars[1]["data"])) == pytest.approx(
        found[1].strength, abs=0.01
    )
    lines = [s for s in curves.option(lesson, step)["series"] if s["data"]]
    assert len(lines) == 3 * len(RULES) and all(line["data"][-1][0] == step for line in lines)


# The page

MAIN = """
import streamlit as st
st.navigation([st.Page({page!r}, title="Talk to a memory", url_path="memory")]).run()
"""


@pytest.fixture
def page(tmp_path):
    main = tmp_path / "main.py"
    main.write_text(MAIN.format(page=str(ROOT / "app" / "app_pages" / "memory.py")))
    return AppTest.from_file(str(main), default_timeout=20).run()


def text(page) -> str:
    return "\n".join(m.value for m in [*page.markdown, *page.caption, *page.error])


def press(page, name):
    next(b for b in page.button if b.label == name).click()
    page.run()
    assert not page.exception


def tell(page, line):
    page.text_input(key="lab line").set_value(line)
    press(page, "Teach")


def test_teach_watch_ask_and_undo(page):
    assert not page.exception and "Token 201 of 201" in text(page) and "##### Lima ✓" in text(page)
    tell(page, "capital of Chile is Santiago")
    assert "Token 4 of 204: fact 2 is written, “Santiago” onto “capital of Chile”" in text(page)
    assert "Asked now: **“capital of Chile”**" in text(page) and "##### Santiago ✓" in text(page)
    press(page, "Step")
    assert "Token 5 of 204: noise goes by" in text(page)
    press(page, "Start")
    assert "Nothing written yet." in text(page)
    page.segmented_control(key="lab stride").set_value("fact").run()
    press(page, "Step")
    assert "fact 1 is written" in text(page)
    next(s for s in page.slider if s.label == "Token").set_value(100).run()
    assert "Token 100 of 204" in text(page)
    press(page, "Undo")
    assert "of 201" in text(page) and page.session_state["lab rows"] == (Fact("Peru", "Lima"),)


def test_bad_facts_get_one_sentence_and_change_nothing(page, monkeypatch):
    for line, said in [("", "write a fact"), ("Peru Lima", "join its two sides"), ("x" * 70 + " is y", "too many")]:
        tell(page, line)
        assert [said in e.value for e in page.error] == [True]
        assert page.session_state["lab rows"] == (Fact("Peru", "Lima"),)
    monkeypatch.setattr(controls, "MAX_FACTS", 2)
    tell(page, "snow is white")
    assert not page.error
    tell(page, "one is more")
    assert ["there are 2 already" in e.value for e in page.error] == [True]


@pytest.mark.parametrize("preset", gallery.PRESETS, ids=lambda preset: preset.name)
def test_every_preset_can_be_chosen_and_played(page, preset):
    page.selectbox(key="lab preset").select(preset.name).run()
    assert not page.exception and not page.error and preset.claim in text(page)
    press(page, "Play")
    press(page, "Pause")
    charts = page.get("arrow_echarts_chart") or page.get("echarts_chart") or page.get("vega_lite_chart")
    assert all(chart.proto.alt for chart in charts)


def test_the_page_needs_no_torch():
    names = "answers, controls, curves, explain, gallery, hope_board, hope_views, lesson, maps, sentences"
    code = f"import sys; from app.memory_lab import {names}; sys.exit('torch' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code], cwd=ROOT).returncode == 0


def test_what_was_set_is_still_set_after_another_page(page, tmp_path):
    other = tmp_path / "other.py"
    other.write_text("import streamlit as st\nst.write('elsewhere')\n")
    main = tmp_path / "main.py"
    memory_page = f'st.Page({str(ROOT / "app" / "app_pages" / "memory.py")!r}, title="m", url_path="m")'
    main.write_text(f"import streamlit as st\nst.navigation([{memory_page}, st.Page({str(other)!r})]).run()\n")
    page = AppTest.from_file(str(main), default_timeout=20).run()
    page.segmented_control(key="lab size").set_value(16).run()
    tell(page, "snow is white")
    page.switch_page("other.py").run()
    assert [m.value for m in page.markdown] == ["elsewhere"]
    page.switch_page(str(ROOT / "app" / "app_pages" / "memory.py")).run()
    assert not page.exception and page.segmented_control(key="lab size").value == 16
    assert "of 204" in text(page) and [f.key for f in page.session_state["lab rows"]] == ["Peru", "snow"]


# The trained Hope


@pytest.fixture(scope="module")
def hope():
    """Hardly trained: what is tested holds for any weights."""
    notes = []
    train = Train(seed=3, steps=4)
    notes += [note.take() for note in hope_worker.run(train, 3)]
    assert [len(note.get("loss", ())) for note in notes] == [0, 1, 1, 1, 1] and set(notes[-1]["tests"]) == {16, 200}
    return train


@torch.no_grad()
def test_what_is_tapped_is_what_the_memory_does(hope):
    """The tapped keys, values and gates, applied one after the other, give the memory that Hope itself has."""
    model, read = hope_worker.kept[hope], Read(hope, gallery.SIX, 2, 30, "snow")
    symbols, *_ = hope_questions.stream(read)
    state, M = model.start(1), model.blocks[0].mixer.initial[0][0, MEMORY].clone()
    for symbol in symbols:
        token = torch.tensor([[symbol]])
        x = hope_worker.tap(model, token, state)
        M = x["alpha"] * M - 2 * x["eta"] * torch.outer(M @ x["k"], x["k"]) + x["eta"] * torch.outer(x["v"], x["k"])
        state = model(token, state)[1]
    whole = model(torch.tensor([symbols]))[1]
    for memories in (state, whole):  # token by token, and in one go
        assert (M - memories.layers[0].memories.memory[0][0, 0, MEMORY]).abs().max() < 1e-10
    reading = hope_worker.read(model, read)
    assert abs(reading.parts.sum() - reading.read) < 1e-12 and len(reading.parts) == len(reading.tokens) + 1
    asked = torch.tensor([[*symbols, hope_questions.ASK, 2 + 2]])  # the third key
    assert np.allclose(reading.answers, hope_worker.chances(model(asked)[0])[0], atol=1e-10)
    assert reading.recall[-1, 2] == pytest.approx(reading.answers[2], abs=1e-10) and reading.steps[-1] == len(symbols)


def test_a_lesson_for_hope_names_each_key_and_value_once():
    facts = (Fact("Snow", "white"), Fact("cow", "moo"), Fact("snow!", "black"), Fact("milk", "white"))
    read = Read(Train(), facts, 1, 5, "Snow")
    assert read.names == (["Snow", "cow", "milk"], ["white", "moo", "black"])
    symbols, fact, text = hope_questions.stream(read)
    assert len(symbols) == len(fact) == len(text) == 4 * 3 + 3 + 5
    assert [symbols[i] for i in (1, 9)] == [2, 2] and text[9] == "snow!" and hope_views.right(read) == "black"
    with pytest.raises(ConfigError, match="symbols for 1 to 16"):
        Read(Train(), tuple(Fact(f"k{i}", "v") for i in range(17)), 1, 5, "k1")
    with pytest.raises(ConfigError, match="distance"):
        Read(Train(), facts, 1, 999, "Snow")


def test_hope_reads_what_is_typed_on_the_page(page, monkeypatch):
    hopes, train = Hopes(), Train(seed=0, steps=4)
    monkeypatch.setattr("app.memory_lab.hope_board.hopes", lambda: hopes)
    monkeypatch.setattr(controls, "Train", lambda seed: train)
    try:
        page.segmented_control(key="lab kind").set_value(controls.TRAINED).run()
        assert not page.exception
        end = time.monotonic() + 90
        while not hopes.open(train).done:
            assert not hopes.open(train).error and time.monotonic() < end
            time.sleep(0.05)
        while "Asked for" not in text(page):
            assert time.monotonic() < end
            page.run()
        assert (
            not page.exception
            and "Asked for “Peru” after 203 tokens." in text(page)
            and "trained here on 4 batches" in text(page)
        )
        tell(page, "snow is white")
        while "Asked for “snow” after 208 tokens." not in text(page):
            assert time.monotonic() < end
            page.run()
        page.segmented_control(key="lab kind").set_value(controls.RULES).run()
        assert not page.exception and page.segmented_control(key="lab size").value == 32 and "of 204" in text(page)
    finally:
        hopes.close()
