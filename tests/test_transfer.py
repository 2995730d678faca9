"""The five ways in which knowledge passes between levels (Nested Learning, 3.3), each in its smallest form.

B0 is the slow block, B1 the fast one. What tells the five apart is tested: what of one block the other sees, and
whether a gradient passes between them.
"""

import torch
from torch.nn import functional as F

from nested_core.attention import Attention
from nested_core.cms import ContinuumMemory, MemoryBlock
from nested_core.hope import Hope, HopeConfig
from nested_core.levels import Clock, Levels
from nested_core.memory import delta
from nested_core.streaming import Rule, meta_loss


def numbers(*shape, seed=0):
    return torch.randn(*shape, dtype=torch.float64, generator=torch.Generator().manual_seed(seed))


def test_1_parametric_the_slow_block_is_conditioned_on_the_fast_weights_without_a_gradient_between_them():
    """Eqs. 24-26: B1 stores pairs by the delta rule, B0 learns to read its answers."""
    keys, truth = torch.eye(4, dtype=torch.float64), numbers(3, 4, seed=1)
    slow = Levels([Clock(8, 0.05)])
    state, start = slow.start([(0.1 * numbers(3, 4),)]), None
    for t in range(1, 401):
        fast = torch.zeros(4, 4, dtype=torch.float64)
        context = numbers(4, 4, seed=t)  # what the keys mean, anew in every context
        for key, value in zip(keys, context, strict=True):
            fast = delta(fast, key, value)
        W = state.levels[0].weights[0].detach().requires_grad_()
        answer = W @ fast @ keys[t % 4]
        assert not fast.requires_grad  # B1 is written by a rule of its own
        loss = (answer - truth @ context[t % 4]).square().sum() / 2
        state, wrote = slow.advance(state, [torch.autograd.grad(loss, [W])], 1)
        assert wrote[0] == (t % 8 == 0)
        start = start or float(loss.detach())
    assert float(loss.detach()) < 1e-3 * start
    # B0's own weights are the same in two contexts, its answer is not: what it knows of them, it knows from B1.
    one, other = (truth @ delta(fast, keys[0], numbers(4, seed=seed)) @ keys[0] for seed in (1, 2))
    assert float((one - other).abs().max()) > 0.1


def test_2_non_parametric_the_answer_depends_on_the_context_itself_and_no_weight_ever_changes():
    """Eq. 27: attention. B1 is its context; take a token out of the state, and what it knew is gone, and only that."""
    torch.manual_seed(0)
    attention = Attention(8, 2).double()
    before = {name: p.clone() for name, p in attention.named_parameters()}
    with torch.no_grad():
        _, state = attention(numbers(1, 6, 8))
        query = numbers(1, 1, 8, seed=1)
        y, after = attention(query, state)
        keys, values = (x[:, :, [3, 0, 5, 1, 4, 2]] for x in state)
        shuffled, _ = attention(query, state._replace(keys=keys, values=values))
        absent, _ = attention(query, state._replace(values=state.values * (torch.arange(6) != 2)[:, None]))
    assert after.keys.shape[2] == 7  # the whole context is kept, and grows
    torch.testing.assert_close(shuffled, y)  # a set of pairs, not weights that were written one after another
    assert float((absent - y).abs().max()) > 1e-3
    assert all(torch.equal(p, before[name]) for name, p in attention.named_parameters())


def test_3_backpropagation_one_gradient_serves_levels_of_different_clocks():
    """CMS: the fast block's error signal comes through the slow one, which writes every 4 data points only."""
    torch.manual_seed(0)
    cms, levels = ContinuumMemory(4, 6, (1, 4)).double(), Levels([Clock(1, 0.1), Clock(4, 0.1)])
    start = [tuple(W.detach()[None] for W in (block.up.weight, block.down.weight)) for block in cms]

    def signals(groups, x, y):
        used = [tuple(W.detach().requires_grad_() for W in group) for group in groups]
        found = torch.autograd.grad((cms(x, tuple(used)) - y).square().sum() / 2, [W for group in used for W in group])
        return [found[:2], found[2:]]

    state = levels.start(start)
    for t in range(4):
        gradients = signals(
            [level.weights for level in state.levels], numbers(1, 1, 4, seed=t), numbers(1, 1, 4, seed=9)
        )
        state, wrote = levels.advance(state, gradients, 1)
        assert wrote == (True, t == 3)
    x, y = numbers(1, 1, 4), numbers(1, 1, 4, seed=9)
    through = signals([start[0], start[1]], x, y)[0][0]
    changed = signals([start[0], state.levels[1].weights], x, y)[0][0]
    assert float((through - changed).abs().max()) > 1e-6  # the fast block's signal depends on the slow block's weights


def test_4_initial_state_the_slow_level_learns_from_where_the_fast_one_starts():
    """Eq. 28: tasks ask for opposite weights, so the best start solves none of them, and is one write from each."""
    levels, targets = Levels([Clock(1, 0.9)]), torch.tensor([[-1.0, 2.0], [1.0, 2.0]], dtype=torch.float64)

    def after_one_write(initial, target):
        used = initial.view_as(initial)
        (gradient,) = torch.autograd.grad((used - target).square().sum() / 2, [used], create_graph=True)
        state, _ = levels.advance(levels.start([(initial,)]), [(gradient,)], 1, differentiable=True)
        return (state.levels[0].weights[0] - target).square().sum() / 2

    initial = numbers(2).requires_grad_()
    for _ in range(600):
        loss = sum(after_one_write(initial, target) for target in targets)
        (outer,) = torch.autograd.grad(loss, [initial])
        initial = (initial - 2 * outer).detach().requires_grad_()
    torch.testing.assert_close(initial.detach(), torch.tensor([0.0, 2.0], dtype=torch.float64), atol=1e-4, rtol=0)
    for target in targets:
        before = float((initial.detach() - target).square().sum() / 2)
        assert before > 0.4 and float(after_one_write(initial, target).detach()) < 0.02 * before


def test_4_initial_state_of_the_levels_of_hope():
    """The same through a model: meta-training lowers the loss of a stream that is written while it is read."""
    torch.manual_seed(0)
    model = Hope(HopeConfig(5, 8, 1, 2, 4, periods=(4, 8), cms="nested"))
    rule, starts = Rule(rates=(0.1, 0.1), transfer=0.0), [p for n, p in model.named_parameters() if ".cms." in n]
    x = torch.randint(5, (4, 8), generator=torch.Generator().manual_seed(0)).repeat(1, 2)
    before, optimizer = float(meta_loss(model, x, rule).detach()), torch.optim.Adam(starts, lr=0.02)
    for _ in range(15):
        optimizer.zero_grad()
        meta_loss(model, x, rule).backward()
        optimizer.step()
    assert float(meta_loss(model, x, rule).detach()) < 0.9 * before


def test_5_generation_one_block_makes_the_weights_of_another():
    """A slow network reads a context and makes a block's fast weights; a gradient trains the maker, not the block."""
    torch.manual_seed(0)
    block, contexts = MemoryBlock(4, 6).double(), numbers(2, 3)
    maker = torch.nn.Linear(3, 2 * 4 * 6).double()
    x, targets = numbers(1, 5, 4).expand(2, 5, 4), numbers(2, 5, 4, seed=1)

    def answer():
        up, down = maker(contexts).split(24, dim=1)
        return block(x, (up.view(2, 6, 4), down.view(2, 4, 6)))

    optimizer = torch.optim.Adam(maker.parameters(), lr=0.03)
    for _ in range(300):
        optimizer.zero_grad()
        loss = F.mse_loss(answer(), targets)
        loss.backward()
        optimizer.step()
    assert block.up.weight.grad is None and block.down.weight.grad is None
    y = answer().detach()
    assert float(F.mse_loss(y, targets)) < 0.1 * float(F.mse_loss(x, targets))
    assert float((y[0] - y[1]).abs().max()) > 0.1  # the same input, the same block, another context
