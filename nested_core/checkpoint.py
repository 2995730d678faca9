"""Save and load a model, and where it stands in its sequences, as one safetensors file: tensors and JSON, no code.

save("hope.safetensors", model, state)    # state: that of a call, or of a stream with all that it has written
model, state = load("hope.safetensors")   # both go on exactly where they were
"""

import dataclasses
import json
import os
from pathlib import Path
from typing import Any

import torch
from torch import Tensor

from .hope import Hope, HopeConfig
from .language_model import LanguageModel, check_state
from .ops.self_modifying import Writing
from .state import State, fits, map_state
from .streaming import Rule, StreamState, begin
from .transformer import Transformer, TransformerConfig

VERSION = "nested_core 1"  # raise it when a file no longer means the same
MODELS: dict[str, tuple[Any, Any]] = {"Hope": (Hope, HopeConfig), "Transformer": (Transformer, TransformerConfig)}


def save(path: str | Path, model: LanguageModel, state: State | StreamState | None = None) -> None:
    """Write the model and, if given, a state of it. The file appears whole or not at all."""
    from safetensors.torch import save_file

    tensors: dict[str, Any] = {f"model.{name}": tensor for name, tensor in model.state_dict().items()}
    leaves: dict[str, Any] = {}
    map_state(leaves.setdefault, state)
    tensors |= {name: leaf for name, leaf in leaves.items() if isinstance(leaf, Tensor)}
    of = state.model if isinstance(state, StreamState) else state
    if of is not None:
        check_state(of, model, of.batch)
    about = {
        "model": type(model).__name__,
        "config": _plain(model.config),
        "batch": of.batch if of else None,
        "rule": _plain(state.rule) if isinstance(state, StreamState) else None,
        "numbers": {name: leaf for name, leaf in leaves.items() if not isinstance(leaf, Tensor)},
    }
    # Clones, because a state at its start is one tensor seen as many, which the format does not know.
    whole = {name: tensor.detach().clone(memory_format=torch.contiguous_format) for name, tensor in tensors.items()}
    unfinished = Path(f"{path}.unfinished")
    save_file(whole, unfinished, {"format": VERSION, "about": json.dumps(about)})
    os.replace(unfinished, path)


def load(path: str | Path) -> tuple[LanguageModel, Any]:
    """The model on the CPU, and its State or StreamState, None if none was saved.

    ValueError, one sentence with the file and the fix, for a file that `save` did not write, or not to its end.
    """
    from safetensors import SafetensorError, safe_open

    if not Path(path).is_file():
        raise ValueError(f"{path}: there is no such file; give one that checkpoint.save wrote.")
    try:
        with safe_open(path, "pt") as file:
            about = file.metadata() or {}
            tensors = {name: file.get_tensor(name) for name in file.keys()}  # noqa: SIM118  it is no dict
    except SafetensorError as error:
        raise ValueError(f"{path}: it is damaged or no safetensors file ({error}); save it again.") from None
    if about.get("format") != VERSION:
        found = about.get("format", "no format")
        raise ValueError(f"{path}: it says {found!r} where {VERSION!r} is known; save it with this version.")
    try:
        return _build(json.loads(about["about"]), tensors)
    except (AttributeError, KeyError, TypeError, ValueError, RuntimeError) as error:
        why = " ".join(str(error).split())
        raise ValueError(f"{path}: its contents do not fit together ({why}); save it again.") from None


def _build(about: dict[str, Any], tensors: dict[str, Tensor]) -> tuple[LanguageModel, Any]:
    kind, config = MODELS[about["model"]]
    fields = _tuples(about["config"])
    if "writing" in fields:
        fields["writing"] = Writing(**fields["writing"])
    with torch.device("meta"):  # shapes only: no numbers, and none drawn
        model: LanguageModel = kind(config(**fields))
    own = {name: tensors.pop(name) for name in list(tensors) if name.startswith("model.")}
    model.load_state_dict({name.removeprefix("model."): tensor for name, tensor in own.items()}, assign=True)
    if about["batch"] is None:
        return model, None
    with torch.no_grad():
        rule = about["rule"] and Rule(**_tuples(about["rule"]))
        template = begin(model, about["batch"], rule) if rule else model.start(about["batch"])

    def visit(name: str, leaf: Any) -> Any:
        if not isinstance(leaf, Tensor):
            return about["numbers"][name]
        found = tensors.pop(name)
        if not fits(found, leaf):
            raise ValueError(f"{name} is {found.dtype} {tuple(found.shape)} for {leaf.dtype} {tuple(leaf.shape)}")
        return found

    state = map_state(visit, template)
    if tensors:
        raise ValueError(f"{min(tensors)} belongs to nothing")
    return model, state


def _plain(config: Any) -> dict[str, Any]:
    """The fields of a config as JSON values; a NamedTuple among them by its fields."""
    fields = {f.name: getattr(config, f.name) for f in dataclasses.fields(config)}
    return {name: x._asdict() if hasattr(x, "_asdict") else x for name, x in fields.items()}


def _tuples(value: Any) -> Any:
    """JSON values with every list as a tuple, which is what configs are made of."""
    if isinstance(value, dict):
        return {name: _tuples(x) for name, x in value.items()}
    return tuple(_tuples(x) for x in value) if isinstance(value, list) else value
