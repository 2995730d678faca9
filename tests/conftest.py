"""Set before anything of the project is imported: kernels interpreted where there is no GPU, shapes checked."""

import atexit
import os
import shutil
import tempfile
from pathlib import Path

import pytest

from tests.browsing import chromium

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
        """Check every call, but constructors only of tensors: configs refuse bad values themselves, in a sentence."""
        made_of_tensors = any("[Tensor" in str(kind) for kind in function.__annotations__.values())
        return _beartype(function) if function.__name__ != "__init__" or made_of_tensors else function

    root = Path(__file__).resolve().parent.parent
    files = [f.relative_to(root).with_suffix("") for f in (root / "nested_core").rglob("*.py")]
    # Triton reads the source of a kernel, which must not be wrapped.
    modules = [".".join(f.parts) for f in files if f.name not in ("__init__", "kernel")]
    install_import_hook(modules, f"{__name__}.check_types")


# What earlier runs of the tests computed must not answer for this one.
os.environ["XDG_CACHE_HOME"] = tempfile.mkdtemp(prefix="nested-learning-tests-")
atexit.register(shutil.rmtree, os.environ["XDG_CACHE_HOME"], ignore_errors=True)

try:
    from hypothesis import HealthCheck, settings

    # FUZZ: cases of every property; `make soak` asks for thousands.
    many = dict(max_examples=int(os.environ.get("FUZZ", "50")), suppress_health_check=[HealthCheck.too_slow])
    settings.register_profile("ours", deadline=None, **many)
    settings.load_profile("ours")
except ImportError:
    pass

TELL = """addEventListener('securitypolicyviolation', event => {
    throw Error(`forbidden: ${event.effectiveDirective} ${event.blockedURI} ${event.sourceFile}`)
})"""


@pytest.fixture(scope="module")
def browser():
    pytest.importorskip("playwright.sync_api", reason="no Playwright here: pip install -e .[test]")
    with chromium() as running:
        yield running


@pytest.fixture
def visit(browser, address):
    """Open a page in a browser of its own; afterwards nothing failed in it and nothing was asked of other servers."""
    contexts, bad = [], []

    def opened(path, **options):
        context = browser.new_context(**{"viewport": {"width": 1280, "height": 900}, **options})
        contexts.append(context)
        page = context.new_page()
        page.set_default_timeout(60_000)  # the machine may be busy with something else
        page.on("pageerror", lambda error: bad.append(str(error)))
        page.add_init_script(TELL)  # what the page's own policy forbids is an error too
        ours = (address, address.replace("http", "ws"), "data:", "blob:")
        page.on("request", lambda request: None if request.url.startswith(ours) else bad.append(request.url))
        page.goto(path if path.startswith("http") else f"{address}/{path}")
        return page

    yield opened
    for context in contexts:
        context.close()
    assert not bad
