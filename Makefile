# One environment, .venv, made and filled by pip from pyproject.toml at the versions in constraints.txt.
# A target that finds it up to date goes straight to work.
#
# pip's own variables and configuration are respected. On Linux the torch that pip finds by default carries CUDA
# (several GB). For the small CPU build, set PIP_EXTRA_INDEX_URL to the CPU wheel index named on PyTorch's
# "Get Started" page before the first `make play`: the same version with the suffix +cpu is then preferred.

# Each can be given on the command line: make play PORT=9000
PORT = 8501
HOST = localhost
PYTHON =
ARGS =

VENV_PYTHON = .venv/bin/python

.PHONY: help play test soak screenshots bench bench-peers check audit lock env-play env-test env-peers chromium

help: ## list the targets
	@echo "make TARGET, where TARGET is one of"
	@sed -n 's/^\([a-z-]*\):[^#]*## /\1|/p' Makefile | awk -F '|' '{ printf "  %-11s %s\n", $$1, $$2 }'

# The browser opens by itself where there is a display; elsewhere Streamlit prints the address.
play: env-play ## open the app in the browser (PORT=8501, HOST=0.0.0.0 lets other machines in)
	@headless=true; \
	if [ "$$(uname -s)" = Darwin ] || [ -n "$${DISPLAY:-}$${WAYLAND_DISPLAY:-}" ]; then headless=false; fi; \
	exec $(VENV_PYTHON) -m streamlit run app/server.py \
	    --server.port "$(PORT)" --server.address "$(HOST)" --server.headless "$$headless"

# One thread a process: small tensors gain nothing from more, and sums do not depend on the number of cores.
# The tests find the browser in CHROMIUM; empty, they skip with the reason. Those that measure time or need the machine
# to themselves are marked slow and run one by one afterwards. Status 5 of pytest: none was chosen.
test: env-test chromium ## run all tests (ARGS="-k clock" for some)
	@export CHROMIUM="$${CHROMIUM:-$$($(FIND_CHROMIUM))}" OMP_NUM_THREADS=1 MKL_NUM_THREADS=1; \
	$(VENV_PYTHON) -m pytest -n auto --maxprocesses 4 --dist worksteal -m "not slow" $(ARGS); most=$$?; \
	$(VENV_PYTHON) -m pytest -m slow $(ARGS); rest=$$?; \
	if [ "$$most" = 5 ]; then exit "$$rest"; elif [ "$$rest" = 5 ]; then exit "$$most"; fi; \
	exit $$((most ? most : rest))

MINUTES = 60
soak: env-test ## thousands of broken inputs, then a full house for an hour (MINUTES=10); the report is soak.json
	@FUZZ=2000 $(VENV_PYTHON) -m pytest -m fuzz -q && $(VENV_PYTHON) -m app.deploy.soak --minutes $(MINUTES) --json soak.json

screenshots: env-test chromium ## pictures of every page, light, dark, projector and phone, in screenshots/
	@CHROMIUM="$${CHROMIUM:-$$($(FIND_CHROMIUM))}" $(VENV_PYTHON) -m tests.screenshots

bench: env-play ## measure speed on this machine
	@$(VENV_PYTHON) -m nested_core.bench $(ARGS)

bench-peers: env-peers ## measure speed beside two other implementations
	@.venv-peers/bin/python -m nested_core.bench_peers $(ARGS)

# They bring other versions of much that .venv holds, so they live apart; torch and numpy are the same in both.
PEERS = nested-learning==0.2.0 titans-pytorch==0.5.5
env-peers: env-play
	@note=.venv-peers/installed; \
	want="$$(pwd) $(PEERS) $$(grep -E '^(torch|numpy)==' constraints.txt | tr '\n' ' ')"; \
	if [ "$$(cat "$$note" 2>/dev/null)" = "$$want" ]; then exit 0; fi; \
	echo "Installing the other implementations into .venv-peers, once; this takes a few minutes."; \
	$(VENV_PYTHON) -m venv --clear .venv-peers || exit 1; \
	.venv-peers/bin/python -m pip install --quiet --disable-pip-version-check \
	    $(PEERS) $$(grep -E '^(torch|numpy)==' constraints.txt) || exit 1; \
	echo "$$want" > "$$note"

check: env-test ## check format, lint and the types of the core
	@$(VENV_PYTHON) -m ruff format --check --quiet .; format=$$?; \
	if [ "$$format" != 0 ]; then echo "ruff format . would put the format right."; fi; \
	$(VENV_PYTHON) -m ruff check . && $(VENV_PYTHON) -m mypy && exit "$$format"

# It needs the index's list of known vulnerabilities; an index that has none says so for every package.
audit: env-test ## look up known vulnerabilities of every pinned version
	@$(VENV_PYTHON) -m pip install --quiet --disable-pip-version-check --target .venv/audit pip-audit
	@grep -v '^#' constraints.txt > .venv/audit/pins.txt; PYTHONPATH=.venv/audit \
	    $(VENV_PYTHON) -m pip_audit --no-deps --disable-pip --progress-spinner off -r .venv/audit/pins.txt $(ARGS)

# uv reads the pins already there and keeps them; ARGS=--upgrade renews them, ARGS="--upgrade-package plotly" one.
# The CUDA libraries are left out: torch names the ones it was built with, which differ from build to build.
lock: env-test ## compile constraints.txt anew (ARGS=--upgrade for newer versions)
	@$(VENV_PYTHON) -m pip install --quiet uv
	@cp constraints.txt .venv/lock.txt 2>/dev/null || true
	@$(VENV_PYTHON) -m uv pip compile pyproject.toml --all-extras --universal --fork-strategy fewest \
	    --no-header --no-annotate --no-emit-index-url --no-emit-find-links --quiet $(ARGS) --output-file .venv/lock.txt
	@{ echo '# Made by `make lock` with uv from pyproject.toml: edit that, not this.'; \
	    grep -v -e '^nvidia-' -e '^cuda-' -e '^#' .venv/lock.txt; } > .venv/constraints.txt
	@mv .venv/constraints.txt constraints.txt

# The note in .venv says for which place and which files pip last succeeded, so a moved folder, a changed pin and an
# interrupted install are all put right. What holds for the tests holds for the app.
env-play env-test:
	@kind=$(@:env-%=%); note=".venv/installed-$$kind"; \
	want="$$(pwd) $$(cat pyproject.toml constraints.txt | cksum)"; \
	usable() { "$$1" -c "import sys$$2; sys.exit(sys.version_info < (3, 11))" >/dev/null 2>&1; }; \
	if usable $(VENV_PYTHON) && [ "$$(cat "$$note" 2>/dev/null)" = "$$want" ]; then exit 0; fi; \
	rm -f .venv/installed-*; \
	if ! usable $(VENV_PYTHON) ', pip'; then \
	    found=; \
	    for candidate in $(if $(PYTHON),"$(PYTHON)",python3 python3.14 python3.13 python3.12 python3.11 python); do \
	        if usable "$$candidate"; then found=$$candidate; break; fi; \
	    done; \
	    if [ -z "$$found" ]; then \
	        echo "$(if $(PYTHON),$(PYTHON) is not,There is no) Python 3.11 or newer$(if $(PYTHON),, on the PATH): install one, or name it with PYTHON=/path/to/python3." >&2; \
	        exit 1; \
	    fi; \
	    "$$found" -m venv --clear .venv || exit 1; \
	fi; \
	if usable $(VENV_PYTHON) ', torch'; then \
	    quiet=--quiet; echo "Bringing .venv up to date."; \
	else \
	    quiet=; echo "Installing into .venv, once; this takes a few minutes."; \
	    if [ "$$(uname -s)" = Linux ] && [ -z "$${PIP_INDEX_URL:-}$${PIP_EXTRA_INDEX_URL:-}$${PIP_FIND_LINKS:-}" ]; then \
	        echo "pip's default torch for Linux brings CUDA, several GB; the head of the Makefile tells how to get less."; \
	    fi; \
	fi; \
	if [ "$$kind" = test ]; then what='.[test]'; else what=.; fi; \
	PIP_CONSTRAINT=constraints.txt PIP_BUILD_CONSTRAINT=constraints.txt \
	    $(VENV_PYTHON) -m pip install $$quiet --disable-pip-version-check --editable "$$what" || exit 1; \
	echo "$$want" > .venv/installed-play; echo "$$want" > "$$note"

# Only a browser test needs it, so a machine that cannot have it still runs the others.
FIND_CHROMIUM = command -v chromium || command -v chromium-browser || command -v google-chrome || true
chromium:
	@if [ -n "$${CHROMIUM:-$$($(FIND_CHROMIUM))}" ]; then exit 0; fi; \
	sudo=; if [ "$$(id -u)" != 0 ]; then sudo="sudo -n"; fi; \
	if command -v apt-get >/dev/null && $$sudo true 2>/dev/null; then \
	    echo "Installing Debian's Chromium for the browser tests."; \
	    $$sudo apt-get -qq update && $$sudo env DEBIAN_FRONTEND=noninteractive \
	        apt-get -qq install --yes --no-install-recommends chromium >/dev/null; \
	fi; \
	if [ -z "$$($(FIND_CHROMIUM))" ]; then \
	    echo "No Chromium found: install it (Debian: apt-get install chromium) or set CHROMIUM to its path; until then the browser tests are skipped." >&2; \
	fi
