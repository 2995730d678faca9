"""What comes from outside is looked at once, where it comes in: dimensions, dtype, device, and that values are numbers.

Calling a layer (`Layer`), an op by the name that its package exports, a one-token rule of `memory` or an optimizer's
step refuses what cannot be used, in a sentence, before anything is changed. Values are looked at on a CPU; on a GPU, by
an optimizer's step alone, because its write would stay. What is called inside does not look: a model calls `forward` of
its layers, a layer the modules of an op. So training pays nothing; and a model that diverges is an event where it is
trained (`run`, `streaming`), not an exception from the middle of it.
"""

import functools
import inspect
import math
from collections.abc import Callable, Mapping
from typing import Any, ParamSpec, TypeVar

from torch import Tensor, nn

from .config import ConfigError, check, whole
from .state import fits, largest, map_state

P = ParamSpec("P")
R = TypeVar("R")


def check_finite(name: str, x: Tensor, fix: str = "give finite numbers") -> None:
    """ConfigError if x holds nan or inf, on a CPU: elsewhere it would have to wait for all that is under way."""
    if x.device.type == "cpu" and x.is_floating_point() and not math.isfinite(float(x.detach().sum())):
        _refuse(name, [x], fix)


def check_all_finite(name: str, given: list[Tensor], fix: str) -> None:
    """ConfigError if one of the tensors holds nan or inf, wherever they are: one wait for the device in all."""
    if not math.isfinite(largest(given)):
        _refuse(name, given, fix)


def _refuse(name: str, given: list[Tensor], fix: str) -> None:
    bad = sum(int((~x.isfinite()).sum()) for x in given)  # 0: a sum of them was too large, they are not
    if bad:
        many = f"{bad} values that are" if bad > 1 else "1 value that is"
        raise ConfigError(f"{name}: {many} nan or infinite cannot be used; {fix}.")


def check_tensors(dims: Mapping[str, str], given: Mapping[str, Any], like: Tensor | None = None) -> None:
    """ConfigError unless each tensor has its dimensions, "B T d", is finite, and of the dtype and device of `like`.

    A letter is one size wherever it stands, a number that size; "..." in front is any; a leading n may be 0. `like`: by
    default the first. What is None is left out. A name that begins with log_ may hold -inf, the log of 0.
    """
    sizes: dict[str, int] = {}
    for name, letters in dims.items():
        x = given[name]
        if x is None:
            continue
        check(isinstance(x, Tensor), name, type(x).__name__, "give a tensor")
        like = x if like is None else like
        wanted = letters.removeprefix("... ").split()
        shape = x.shape[x.ndim - len(wanted) :] if letters.startswith("...") else x.shape
        known = [int(letter) if letter.isdigit() else sizes.get(letter) for letter in wanted]
        ok = len(shape) == len(wanted) and all(a == (b or a) for a, b in zip(shape, known, strict=True))
        shown = ", ".join(str(size or letter) for size, letter in zip(known, wanted, strict=True))
        ok = ok and 0 not in shape[wanted[0] == "n" :]
        check(ok, name, tuple(x.shape), f"give shape [{shown}], all at least 1" + " but n" * (wanted[0] == "n"))
        sizes |= dict(zip(wanted, shape, strict=True))
        check(x.is_floating_point(), name, str(x.dtype), "give floating-point numbers")
        check(x.dtype == like.dtype, name, str(x.dtype), f"give {like.dtype}")
        check(x.device == like.device, name, f"on {x.device}", f"move it to {like.device}")
        check_finite(name, x.exp() if name.startswith("log_") else x)


def public(dims: Mapping[str, str]) -> Callable[[Callable[P, R]], Callable[P, R]]:
    """A function for callers outside: it refuses first. A name with dots is a field of an argument, "state.memory"."""

    def decorate(form: Callable[P, R]) -> Callable[P, R]:
        signature = inspect.signature(form)

        @functools.wraps(form)
        def call(*args: P.args, **kwargs: P.kwargs) -> R:
            given = dict(signature.bind(*args, **kwargs).arguments)
            for argument, *fields in (name.split(".") for name in dims):
                given[".".join([argument, *fields])] = functools.reduce(getattr, fields, given[argument])
            check_tensors(dims, given)
            for name, value in given.items():
                if name in ("chunk", "steps", "window") and value is not None:
                    whole(name, value, 1, 65536)
                elif isinstance(value, float):
                    check(math.isfinite(value), name, value, "give a finite number")
            return form(*args, **kwargs)

        return call

    return decorate


def check_like(state: Any, fresh: Any, finite: bool = True, path: str = "state") -> None:
    """ConfigError unless a state has the parts, sizes, dtype and device of `fresh`, and, if asked, finite values."""
    check(type(state) is type(fresh), path, type(state).__name__, f"give a {type(fresh).__name__} of an earlier call")
    found, wanted = dict[str, Any](), dict[str, Any]()
    map_state(found.setdefault, state, path)
    map_state(wanted.setdefault, fresh, path)
    check(found.keys() == wanted.keys(), path, sorted(found), "give that of an earlier call, with the same options")
    for name, x in found.items():
        like = wanted[name]
        if not isinstance(like, Tensor):
            whole(name, x, 0, 2**62)
            continue
        check(isinstance(x, Tensor) and fits(x, like), name, _described(x), f"give {_described(like)}")
        check(x.device == like.device, name, f"on {x.device}", f"move it to {like.device}")
        if finite:
            check_finite(name, x)


def _described(x: Any) -> str:
    return f"{str(x.dtype).removeprefix('torch.')} {list(x.shape)}" if isinstance(x, Tensor) else type(x).__name__


class Layer(nn.Module):
    """Base of the token mixers: y, state = layer(x, state), x and y [B, T, d]; without a state, sequences start anew.

    Calling it refuses an x or a state that does not fit; `forward`, which models call, does not look.
    """

    out: nn.Linear  # the last of every mixer, d -> d

    def start(self, batch: int) -> Any:
        """The state of `batch` sequences before their first token."""
        raise NotImplementedError

    def __call__(self, x: Tensor, state: Any = None) -> Any:
        check_tensors({"x": f"B T {self.out.in_features}"}, {"x": x}, self.out.weight)
        if state is not None:
            check_like(state, self.start(len(x)))
        return super().__call__(x, state)
