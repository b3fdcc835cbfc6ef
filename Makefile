# Two commands matter: `make run` and `make test`. Each does all of its own set-up.
SHELL  := /bin/bash
PYTHON ?= $(shell for p in python3 python3.14 python3.13 python3.12 python3.11; do command -v $$p >/dev/null 2>&1 && $$p -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null && echo $$p && break; done)
UV     := $(shell command -v uv || echo .tools/bin/uv)
B      := .venv/bin
ENGINE ?= docker
IMAGE  ?= idp:local
export UV_PYTHON_DOWNLOADS := never

.PHONY: help run test check format bench messages soak openapi lock image sbom chart test-image clean
help:
	@echo "make run     start everything: PostgreSQL, Valkey, two demo tenants, the product, the demo applications"
	@echo "make test    everything that CI runs"
	@echo "make check   format, lint, types, import contracts"
	@echo "make bench   throughput as ratios to a floor measured in the same run"
	@echo "make soak    the long forms: attacks, faults under load, a soak, and a storm of sign-ins beside tokens"
	@echo "make format  write the house format"
	@echo "make messages  bring the catalogs of translations in line with the sentences in the code"
	@echo "make openapi   write the API's document and its Postman collection anew"
	@echo "make lock    resolve requirements/*.txt anew"
	@echo "make image   build the container image; ENGINE=podman or buildah where there is no docker"
	@echo "make sbom    write what is in the image as CycloneDX: dist/idp.cdx.json"
	@echo "make chart   pack the Helm chart: dist/idp-<version>.tgz"
	@echo "make test-image  build the image with buildah, and serve from it; needs root"

.tools/bin/uv: requirements/uv.txt
	@test -n "$(PYTHON)" || { echo "Python 3.11 or newer is missing; install it and run make again." >&2; exit 2; }
	@$(PYTHON) -m venv .tools || { echo "Python's venv module is missing (Debian, Ubuntu: apt install python3-venv)." >&2; exit 2; }
	@.tools/bin/python -m pip install -q --disable-pip-version-check --require-hashes -r $<
	@touch $@

.venv/.stamp: requirements/all.txt pyproject.toml | $(UV)
	@test -n "$(PYTHON)" || { echo "Python 3.11 or newer is missing; install it and run make again." >&2; exit 2; }
	@{ $(UV) venv -q --clear --python $(PYTHON) .venv \
	   && $(UV) pip sync -q --compile-bytecode --require-hashes -p $(B)/python requirements/all.txt \
	   && $(UV) pip install -q --no-deps --no-build-isolation -p $(B)/python -e . ; } \
	 || { echo "uv could not install the requirements; trying pip." >&2 \
	   && $(PYTHON) -m venv --clear .venv \
	   && $(B)/python -m pip install -q --disable-pip-version-check --require-hashes -r requirements/all.txt \
	   && $(B)/python -m pip install -q --disable-pip-version-check --no-deps --no-build-isolation -e . ; }
	@touch $@

.venv/.deploy: requirements/deploy.txt .venv/.stamp | $(UV)
	@$(UV) pip install -q --require-hashes -p $(B)/python -r $< \
	 || $(B)/python -m pip install -q --disable-pip-version-check --require-hashes -r $<
	@touch $@

run: .venv/.stamp
	@exec $(B)/python -m idp dev $(ARGS)

test: .venv/.stamp .venv/.deploy
	@$(B)/python -m pytest -n 2 --dist worksteal $(ARGS)

check: .venv/.stamp
	@$(B)/ruff format --check -q . && $(B)/ruff check -q .
	@$(B)/mypy
	@PYTHONPATH=. $(B)/lint-imports --no-logo

format: .venv/.stamp
	@$(B)/ruff format -q . && $(B)/ruff check -q --fix .

bench: .venv/.stamp
	@exec $(B)/python bench/run.py $(ARGS)

messages: .venv/.stamp
	@$(B)/python -m idp.dev.messages

soak: .venv/.stamp
	@$(B)/python -m pytest -m soak
	@exec $(B)/python bench/storm.py $(ARGS)

openapi: .venv/.stamp
	@$(B)/python -m idp.dev.openapi

lock: | $(UV)
	$(UV) pip compile -q --upgrade --universal --generate-hashes --no-header --all-extras --group dev pyproject.toml -o requirements/all.txt
	$(UV) pip compile -q --upgrade --universal --generate-hashes --no-header --extra otel --extra sentry -c requirements/all.txt pyproject.toml -o requirements/runtime.txt
	$(UV) pip compile -q --upgrade --universal --generate-hashes --no-header --python-version 3.11 --group pyproject.toml:deploy -c requirements/all.txt -o requirements/deploy.txt
	echo 'hatchling>=1.27' | $(UV) pip compile -q --upgrade --universal --generate-hashes --no-header --no-annotate --python-version 3.11 -c requirements/all.txt - -o requirements/build.txt
	echo 'uv==0.13.9' | $(UV) pip compile -q --universal --generate-hashes --no-header - -o requirements/uv.txt

image:
	$(ENGINE) build -t $(IMAGE) --build-arg REVISION=$$(git rev-parse HEAD) --build-arg CREATED=$$(git log -1 --format=%cI) $(ARGS) .

sbom: .venv/.stamp
	@$(B)/python -m idp.dev.sbom

chart: .venv/.stamp .venv/.deploy
	@mkdir -p dist && $(B)/python -c 'import helm_python; print(helm_python.package("helm/idp", destination="dist"))'

test-image: .venv/.stamp .venv/.deploy
	@$(B)/python -m pytest -m image -n 0 $(ARGS)

clean:
	rm -rf .venv .tools .node node_modules
