# Two commands do all: `make up` and `make test`. `make help` names the others.
SHELL := /bin/bash
.DEFAULT_GOAL := help
.PHONY: help up down status demo-cut demo-restore test bench bench-safety build fmt lint generate

help: ## what there is
	@grep -hE '^[a-z-]+:.*## ' $(MAKEFILE_LIST) | sed -E 's/^([a-z-]+):.*## (.*)/  make \1\t\2/' | expand -t 20

up: ## start everything and load the city's inventory (INVENTORY=named: without sample data; CLUSTERS=2: two providers, two control planes; EXTRANET=sim: a simulated extranet)
	@scripts/up

down: ## stop everything; the data stay in .run
	@scripts/down

status: ## what runs, and where the logs are
	@scripts/status

demo-cut: ## cut a link of the simulated extranet: LINK=county-420923
	@scripts/extranet-sim cut "$(LINK)"

demo-restore: ## mend it: LINK=county-420923
	@scripts/extranet-sim restore "$(LINK)"

test: ## every test there is
	@scripts/test

bench: ## measure; writes docs/benchmarks.md
	@scripts/bench

bench-safety: ## show under fire that nothing is over-granted; takes hours
	@scripts/bench-safety

build: ## build everything, optimised
	@scripts/build release

generate: ## make all generated files again
	@scripts/generate

fmt: ## format Rust, Go and TypeScript
	@cargo fmt --all
	@gofmt -w localcluster
	@cd dashboards && npm run --silent format

lint: ## what the tests check of the code's form
	@scripts/lint
