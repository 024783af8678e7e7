# The index of everything that can be run here. Bare `make` prints it. Each target installs what it lacks.
SHELL := /bin/sh
.DEFAULT_GOAL := help
PYTEST := .venv/bin/pytest

help: ## this list
	@awk -F ':.*## ' '/^[a-z-]+:.*## / { printf "  make %-12s %s\n", $$1, $$2 }' $(MAKEFILE_LIST)

image: ## build the card: build/v2h.img (as root); KEY=FILE signs its checksums
	$(if $(KEY),KEY="$(KEY)") scripts/build-image

bundle: build/v2h.img ## a signed update of the built card: build/v2h.raucb (as root); KEY=FILE signs it
	$(if $(KEY),KEY="$(KEY)") scripts/build-bundle

lock: ## build it with the mirror's present packages, and write them into image/packages.lock (as root)
	scripts/build-image --update-lock

emulate: build/v2h.img ## boot that card in QEMU; page at http://localhost:8080
	scripts/emulate

demo: setup ## the whole tree on this machine against the rig; page at http://localhost:8080
	scripts/demo $(if $(CCS),--ccs $(if $(filter iso2,$(CCS)),iso2,din))

quick: setup ## style, types and the fast unit tests, in less than a minute: while you write
	scripts/test --quick

test: setup ## lint, types, unit, session, tree and page tests; no image needed; half an hour
	scripts/test

long: setup ## what is too long for every change: faults, mutants, fuzz, a month, powercuts; most of a day
	scripts/test --long

bench: setup build/v2h.img ## the measurements, three hours (scripts/bench --help); build/bench.json
	scripts/bench

faults: setup ## the fault campaign in virtual time, 8 minutes; build/faults.json; CCS=1; MUTANTS=200 [SEED=7]: mutants
	scripts/faults $(if $(CCS),--ccs) $(if $(MUTANTS),--mutants $(MUTANTS)) $(if $(SEED),--mutants-seed $(SEED))

fuzz: setup ## 2 x N (25000) random sessions against invariants of their own, half an hour
	scripts/fuzz --cable all --sessions $(or $(N),25000)

test-image: setup ## build the card, look into it, boot it twice side by side, drive it
	scripts/build-image --no-xz --unlocked
	nice -n 15 $(PYTEST) -n 2 --dist loadgroup --durations 12 tests/image

lint: setup ## style and types only
	scripts/lint

powercuts: setup ## cut the emulated board's power: 3 times for real, N (500) in a new recording; needs the image
	KILLS=3 $(PYTEST) -s -m power tests/image
	scripts/powercuts $(or $(N),500) --record 10

verify: ## build the card twice, differently, and compare (as root)
	scripts/verify-image

flash: ## write the card: make flash DEV=/dev/sdX (as root)
	scripts/flash --look "$(DEV)"
	$(MAKE) build/v2h.img
	scripts/flash "$(DEV)"

setup: ## packages and .venv only
	scripts/setup

build/v2h.img:
	scripts/build-image

.PHONY: help image bundle lock emulate demo quick test long bench faults fuzz test-image lint powercuts verify flash setup
