"""The loss surface: the very run again, its principal plane, and losses that are those of the weights there."""

from dataclasses import replace

import numpy as np
import pytest
import torch
from torch.nn import functional as F

from app.landscape.job import Job, job
from app.landscape.server import Landscapes, differs
from app.landscape.work import run as work
from app.views import surface as view
from nested_core.config import ConfigError, Edit, Level, RunConfig, StreamConfig
from nested_core.presets import nested, single_loop
from nested_core.run import build, run
from nested_core.streams import open_stream
from nested_core.surface import plane, surfaces

DIGITS = StreamConfig("permuted_digits", tasks=2, dwell=15, batch=8)
LOOP = replace(single_loop(DIGITS), width=24)
NEST = replace(LOOP, name="nested", variant="nested", levels=(Level(1, 1.0), Level(5, 0.5)))
BLOCKS = replace(nested(DIGITS), width=24, name="blocks")
CONFIGS = tuple(RunConfig(DIGITS, learner) for learner in (NEST, LOOP, BLOCKS))


def test_the_plane_of_known_moves_and_of_a_line_and_of_nothing():
    generator = torch.Generator().manual_seed(0)
    basis = torch.linalg.qr(torch.randn(30, 3, generator=generator, dtype=torch.float64))[0].T
    moves = torch.tensor([[3.0, 0, 0], [-3, 0, 0], [0, 2, 0], [0, 0, 1]], dtype=torch.float64) @ basis
    directions, share = plane(moves, generator)
    np.testing.assert_allclose(share, [18 / 23, 4 / 23])
    np.testing.assert_allclose(abs(directions @ basis.T).numpy(), np.eye(3)[:2], atol=1e-9)
    line, alone = plane(moves[:2], generator)
    np.testing.assert_allclose((line @ line.T).numpy(), np.eye(2), atol=1e-9)
    np.testing.assert_allclose(alone, [1, 0], atol=1e-12)
    with pytest.raises(ConfigError, match="never moved span no plane"):
        plane(moves * 0, generator)


def everything(work):
    """What a generator returns, and what it told on the way."""
    told = []
    while True:
        try:
            told.append(next(work))
        except StopIteration as end:
            return end.value, told


@pytest.fixture(scope="module")
def found():
    made, told = everything(surfaces(CONFIGS, 3, 25, 5, 40))
    shares = [share for share, _ in told]
    assert shares == sorted(shares) and shares[0] == 0 and shares[-1] == 1
    return made


def test_learners_of_one_space_share_a_plane_and_their_loss_is_measured_there(found):
    both, blocks = found
    assert [[p.learner for p in s.paths] for s in found] == [["nested", "single_loop"], ["blocks"]]
    assert both.losses.shape == (5, 5, 2) and 0.5 < both.share.sum() <= 1 + 1e-9
    for surface in found:
        for path in surface.paths:
            assert path.steps[[0, -1]].tolist() == [0, 25] and len(path.places) == len(path.losses)
            assert (path.places >= [surface.x[0], surface.y[0]]).all()
            assert (path.places <= [surface.x[-1], surface.y[-1]]).all()
        assert np.abs(surface.paths[0].places[-1]).max() < 1e-9, "its end is the origin"
    start = [path.losses[0] for path in both.paths]
    np.testing.assert_array_equal(start[0], start[1])  # the same initial weights
    assert blocks.paths[0].losses[-1, 0] < blocks.paths[0].losses[0, 0]


def test_the_run_that_is_drawn_is_the_one_in_view(found):
    traces = [run(config, 3) for config in CONFIGS]
    assert differs(found, traces) == []
    other = run(replace(CONFIGS[1], edits=(Edit(10, (Level(1, 0.01),)),)), 3)
    assert differs(found, [traces[0], other, traces[2]]) == ["single_loop"]
    assert job([trace.until(25) for trace in traces]) == Job(CONFIGS, 3, 25)


def test_the_picture_and_its_words_hold_the_measured_numbers(found):
    surface = found[0]
    figure = view.figure(surface, 1)
    np.testing.assert_allclose(10 ** np.array(figure.data[0].z), surface.losses[..., 1])
    np.testing.assert_allclose(10 ** np.array(figure.data[1].z), surface.paths[0].losses[:, 1])
    words = view.sentence(surface)
    assert f"{100 * surface.share.sum():.0f} % of the squared distance" in words
    assert f"**single loop** from {surface.paths[1].losses[0].mean():.3g} to" in words
    table = view.table(surface)
    assert len(table) == 25 + sum(len(path.steps) for path in surface.paths)
    point = table[table.what == "surface"].iloc[7]
    assert (point.x, point.y, point.iloc[-1]) == (surface.x[2], surface.y[1], surface.losses[1, 2, 1])


@pytest.mark.parametrize("which", [1, 2])
def test_the_loss_of_the_grid_is_that_of_the_weights_there(which):
    """After one step the path is a straight line, and a grid of seven holds both of its ends."""
    ((surface,), _) = everything(surfaces(CONFIGS[which : which + 1], 3, 1, 7, 500))
    path = surface.paths[0]
    assert len(path.places) == 2
    for place, loss in zip(path.places, path.losses, strict=True):
        i, j = np.abs(surface.y - place[1]).argmin(), np.abs(surface.x - place[0]).argmin()
        np.testing.assert_allclose([surface.x[j], surface.y[i]], place, atol=1e-9)
        np.testing.assert_allclose(surface.losses[i, j], loss, rtol=1e-9)


def test_the_loss_is_the_one_that_its_name_says_and_asking_changes_nothing():
    stream = open_stream(DIGITS, 0)
    test = stream.tests[0]
    loop, blocks = (build(config.learner, stream, 0) for config in CONFIGS[1:])
    for learner in (loop, blocks):
        learner.step(stream.batch(1), 1)
        before = learner.snapshot()
        assert learner.loss(before * 0, test) != learner.loss(before, test)
        assert learner.snapshot().equal(before)
    logits = loop.model(test.x)
    assert loop.loss(loop.snapshot(), test) == pytest.approx(float(F.cross_entropy(logits.detach(), test.y)))
    x = F.pad(test.x, (0, 1), value=1.0)
    answer = sum(block.answer(x)[1] for block in blocks.blocks) / 3
    expected = float((answer - F.one_hot(test.y, 10)).square().sum() / len(x) / 2)
    assert blocks.loss(blocks.snapshot(), test) == pytest.approx(expected)


def test_a_surface_is_computed_once_and_again_only_if_it_failed(monkeypatch):
    held, sent = Landscapes(), []
    monkeypatch.setattr(held.service, "send", lambda job, seed, receive: sent.append(receive))
    asked = Job(CONFIGS, 3, 25)
    first = held.open(asked)
    assert held.open(asked) is first is held.find(asked) and first.busy and len(sent) == 1
    sent[0]("meta", {"share": 0.4, "words": "training again", "surfaces": None})
    assert (first.share, first.words, first.busy) == (0.4, "training again", True)
    sent[0]("lost")
    assert "ask for it again" in first.error and held.open(asked).busy and len(sent) == 2
    sent[1]("meta", {"share": 1.0, "words": "done", "surfaces": ["one"]})
    sent[1]("lost")
    assert held.find(asked).surfaces == ["one"] and not held.find(asked).error


def test_a_worker_tells_how_far_it_is():
    heard = [news.meta for news in work(Job(CONFIGS[1:2], 3, 25), 3)]
    assert heard[0]["surfaces"] is None and len(heard[-1]["surfaces"]) == 1
