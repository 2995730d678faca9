"""Set before anything of the project is imported: kernels interpreted where there is no GPU, shapes checked."""

import os
from pathlib import Path

try:
    import torch

    if not torch.cuda.is_available():
        os.environ.setdefault("TRITON_INTERPRET", "1")  # read when a kernel is decorated
except ImportError:
    pass

try:
    from beartype import BeartypeConf, beartype
    from jaxtyping import install_import_hook
except ImportError:
    pass  # a machine with torch, numpy and pytest alone runs the core's tests with shapes unchecked
else:
    _beartype = beartype(conf=BeartypeConf(is_pep484_tower=True))  # an int is welcome where a float is

    def check_types(function):
        """Check every call but constructors: configs refuse bad values themselves, in a sentence."""
        return function if function.__name__ == "__init__" else _beartype(function)

    root = Path(__file__).resolve().parent.parent
    files = [f.relative_to(root).with_suffix("") for f in (root / "nested_core").rglob("*.py")]
    # Triton reads the source of a kernel, which must not be wrapped.
    modules = [".".join(f.parts) for f in files if f.name not in ("__init__", "kernel")]
    install_import_hook(modules, f"{__name__}.check_types")
