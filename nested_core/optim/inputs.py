"""Optimizers that also remember what the layers read: inputs X [n, d] of a linear layer W, a bias being a last column.

delta gradient descent  W <- (W - lr g)(I + lr X^T X)^-1: the layer's answers to this step's inputs are erased as its
                        error is written (eqs. 55-57)
least-squares memory    W <- W - lr g P, P = (I + sum x x^T / damping)^-1 of all earlier inputs, on a clock of its own:
                        the write keeps out of directions in use (eqs. 38-41; known as orthogonal weight modification)

Parameters that are not in an nn.Linear, or in one that read nothing in this step, take plain gradient descent.
"""

from typing import Any

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from ..boundary import check_all_finite
from ..clock import due
from ..config import check
from ..least_squares import InputMemory
from ..shapes import Float
from .base import Answer, GradientMemory, Group, Matrix, Memory, State, as_matrix


class ReadsInputs(GradientMemory):
    """Base of both: weight and bias of a linear layer are one matrix [out, d], beside its inputs X [n, d].

    Hooks on the layers of `model` keep X, in training mode only, and only where a backward pass comes through: a
    forward pass alone leaves nothing, a layer called several times all its inputs. `close` takes the hooks off.
    """

    stateful = False

    def __init__(self, model: nn.Module, lr: float, **options: Any):
        check(isinstance(model, nn.Module), "model", type(model).__name__, "give the nn.Module whose layers it reads")
        self.layers: dict[Tensor, nn.Linear] = {m.weight: m for m in model.modules() if isinstance(m, nn.Linear)}
        self.owners: dict[Tensor, Tensor] = {m.bias: m.weight for m in self.layers.values() if m.bias is not None}
        self.seen: dict[Tensor, list[Tensor]] = {}
        self.handles = [m.register_forward_hook(self._forward, with_kwargs=True) for m in self.layers.values()]
        super().__init__(model.parameters(), lr, **options)
        self.register_step_post_hook(lambda *_: self.seen.clear())

    def _forward(self, layer: nn.Linear, args: tuple[Any, ...], kwargs: dict[str, Any], output: Tensor) -> None:
        if layer.training and output.requires_grad:
            x = (args[0] if args else kwargs["input"]).detach().reshape(-1, layer.in_features)
            output.register_hook(lambda _: self.seen.setdefault(layer.weight, []).append(x))

    def refuse(self) -> None:
        super().refuse()
        check_all_finite("input", [x for seen in self.seen.values() for x in seen], "leave this step out")

    def bias(self, p: Tensor) -> nn.Parameter | None:
        """The bias that is written together with the weight p, if both have a gradient."""
        bias = self.layers[p].bias if p in self.layers else None
        return None if bias is None or bias.grad is None or p.grad is None else bias

    def inputs(self, p: Tensor) -> Float[Tensor, "n d"] | None:
        """X of the layer with weight p, with a last column of ones where its bias is written too."""
        if p not in self.seen:
            return None
        x = torch.cat(self.seen[p])
        return x if self.bias(p) is None else F.pad(x, (0, 1), value=1.0)

    def gradient(self, p: Tensor) -> Matrix | None:
        if p in self.owners and self.owners[p].grad is not None:
            return None  # written with its weight
        g, bias = super().gradient(p), self.bias(p)
        return g if g is None or bias is None or bias.grad is None else torch.cat([g, bias.grad[:, None]], 1)

    def add(self, p: Tensor, change: Matrix) -> None:
        bias = self.bias(p)
        if bias is not None:
            bias.add_(change[:, -1])
        super().add(p, change if bias is None else change[:, :-1])

    def zero_grad(self, set_to_none: bool = True) -> None:
        super().zero_grad(set_to_none)
        self.seen.clear()

    def close(self) -> None:
        for handle in self.handles:
            handle.remove()


class DeltaGradientDescent(ReadsInputs):
    """The weights are the memory; a write is the exact optimum of |W X^T - U|^2 / 2 + |W - W_t|^2 / (2 lr).

    U = -dL/d(answer) for each row of X [n, d]. With the gradient g of a summed loss, g = -U X, so

        W' = (W - lr g)(I + lr X^T X)^-1        one input x: W - lr' (W x + dL/dy) x^T, lr' = lr / (1 + lr |x|^2)

    reduction  how the loss joins the n rows that a layer read (samples, times tokens): for "mean" the first square is
               a mean too, and X^T X is over n

    It is not gradient descent: answers are drawn toward -dL/dy, so that on half the squared error it ends at half of
    the target. The weight of an old gradient is that of its erasure, 0 or negative.
    """

    def __init__(self, model: nn.Module, lr: float, reduction: str = "mean"):
        super().__init__(model, lr, reduction=reduction)

    def prepare(self, p: Tensor, g: Matrix, state: State, group: Group) -> None:
        x = self.inputs(p)
        self._P: InputMemory | None = None
        if x is not None:
            rows = len(x) if group["reduction"] == "mean" else 1
            self._P = InputMemory(x.shape[1], damping=rows / group["lr"])
            self._P.store(x.to("cpu", torch.float64))

    def held(self, p: Tensor, state: State, group: Group) -> Memory:
        """The weights over -lr, and the last write."""
        bias = self.bias(p)
        W = as_matrix(p) if bias is None else torch.cat([p, bias[:, None]], 1)
        return torch.stack([-W / group["lr"], torch.zeros_like(W)])

    def store(self, g: Matrix, state: State, group: Group) -> Memory:
        return _project(g, self._P).expand(2, -1, -1)

    def forget(self, m: Memory, g: Matrix, state: State, group: Group) -> Memory:
        held = m[..., 0, :, :]
        kept = _project(held, self._P)
        return torch.stack([kept, kept - held], -3)

    def recall(self, m: Memory, g: Matrix, state: State, group: Group) -> tuple[Answer, ...]:
        return (m[..., 1, :, :],)


class LeastSquaresMemory(ReadsInputs):
    """Gradient descent projected by a memory of inputs: answers to what was read before the last `period` stay.

    damping  smaller protects old inputs more
    period   steps after which the mean inputs of these steps are taken into the memory

    Beyond the paper's experiments, but in its frame. P is [d, d], in float64.
    """

    def __init__(self, model: nn.Module, lr: float, damping: float = 0.1, period: int = 1):
        super().__init__(model, lr, damping=damping, period=period)

    def prepare(self, p: Tensor, g: Matrix, state: State, group: Group) -> None:
        x = self.inputs(p)
        if x is None:
            return
        if "P" not in state:
            state["P"], state["window"] = InputMemory(x.shape[1], group["damping"]).P, x[:0]
        elif due(state["step"], group["period"]):  # not at its end, so that what a step reads never holds it back
            memory = self._memory(state, group)
            memory.store(state["window"].to("cpu", torch.float64))
            state["P"], state["window"] = memory.P, x[:0]
        state["window"] = torch.cat([state["window"], x.mean(0, keepdim=True)])

    def recall(self, m: Memory, g: Matrix, state: State, group: Group) -> tuple[Answer, ...]:
        return (_project(m, self._memory(state, group) if "P" in state else None),)

    def load_state_dict(self, state_dict: State) -> None:
        super().load_state_dict(state_dict)
        parameters = [p for group in self.param_groups for p in group["params"]]
        for i, saved in state_dict["state"].items():
            if "P" in saved:  # torch has cast it to the parameter's dtype and device
                self.state[parameters[i]]["P"] = saved["P"].to("cpu", torch.float64)

    @staticmethod
    def _memory(state: State, group: Group) -> InputMemory:
        memory = InputMemory(len(state["P"]), group["damping"])
        memory.P = state["P"]
        return memory


def _project(m: Memory, memory: InputMemory | None) -> Memory:
    """m P in float64; without a memory m itself."""
    if memory is None:
        return m
    return memory.project(m.to("cpu", torch.float64).flatten(0, -2)).to(m).reshape(m.shape)
