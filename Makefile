# Moonlet. Needs Go, make and git; make help says what there is.

SHELL := /usr/bin/env bash
.SHELLFLAGS := -euo pipefail -c
.DEFAULT_GOAL := help

VERSION ?= $(shell git describe --tags --always --dirty 2>/dev/null || echo dev)
COMMIT  ?= $(shell git rev-parse --short=12 HEAD 2>/dev/null || echo unknown)
DATE    ?= $(shell git log -1 --format=%cI 2>/dev/null || echo unknown)
STAMPS  := -X main.stampedVersion=$(VERSION) -X main.stampedCommit=$(COMMIT) -X main.stampedDate=$(DATE)

# What is built to check the code lives outside the checkout.
CACHE        ?= $(or $(XDG_CACHE_HOME),$(HOME)/.cache)/moonlet
LINT_VERSION := v2.15.0
LINT         := $(CACHE)/golangci-lint/$(LINT_VERSION)/golangci-lint
# What is built to look at the product, in Go modules of its own: nobody else pays for Docker, Helm or Kubernetes.
MODULES      := .ci/dockerlint .ci/helm cmd/moonlet-lab
GOLANGCI     := GOLANGCI_LINT_CACHE="$(CACHE)/golangci-lint/cache" "$(LINT)"

# The race detector needs a C compiler. Without one the tests still run, and say so.
RACE := $(shell command -v "$$(go env CC 2>/dev/null || echo cc)" >/dev/null 2>&1 && echo -race)
# Without it a program built with -race waits a second before it ends, and tests start many.
export GORACE := atexit_sleep_ms=0

.PHONY: help
help: ## say what there is
	@awk -F ':.*## ' '/^[a-z0-9-]+:.*## / { printf "  make %-12s %s\n", $$1, $$2 }' $(MAKEFILE_LIST)

.PHONY: run
run: build ## build, then serve ./scripts on 127.0.0.1:3000, state kept in the user's state folder
	@bin/moonlet serve || [ $$? -eq 130 ] # 130: ended with Ctrl-C, as one does

.PHONY: build
build: need-go ## build bin/moonlet
	CGO_ENABLED=0 go build -trimpath -ldflags '-s -w $(STAMPS)' -o bin/moonlet ./cmd/moonlet

.PHONY: test
test: need-go race-note vet ## vet and all tests, with the race detector, hostile scripts without it too, and the Dockerfile's lint
	go test $(RACE) -timeout 15m ./...
	$(if $(RACE),go test -run Hostile ./engine)
	$(MAKE) --no-print-directory dockerlint lab-test

.PHONY: short
short: need-go ## the quick tests, without the race detector
	go test -short ./...

.PHONY: check
check: need-go tidy-check fmt-check lint test ## all that must hold: go.mod and format as they should be, vet, lint, tests

.PHONY: vet
vet: need-go
	go vet ./...

.PHONY: lint
lint: $(LINT) ## golangci-lint, with the layer rules
	$(GOLANGCI) run ./...
	for m in $(MODULES); do (cd $$m && CGO_ENABLED=0 $(GOLANGCI) run -c "$(CURDIR)/.golangci.yml" ./...); done

.PHONY: fmt
fmt: $(LINT) ## format the code and tidy go.mod
	$(GOLANGCI) fmt ./...
	for m in $(MODULES); do (cd $$m && $(GOLANGCI) fmt -c "$(CURDIR)/.golangci.yml" ./...); done
	go mod tidy
	for m in $(MODULES); do (cd $$m && go mod tidy); done

.PHONY: fmt-check
fmt-check: $(LINT)
	$(GOLANGCI) fmt --diff ./...
	for m in $(MODULES); do (cd $$m && $(GOLANGCI) fmt -c "$(CURDIR)/.golangci.yml" --diff ./...); done

.PHONY: tidy-check
tidy-check: need-go
	go mod tidy -diff
	for m in $(MODULES); do (cd $$m && go mod tidy -diff); done

.PHONY: dockerlint
dockerlint: need-go
	cd .ci/dockerlint && go vet ./... && go test ./...

.PHONY: golden
golden: need-go ## rewrite the golden files from what the code says now; read the diff
	.ci/golden

FUZZTIME ?= 60s
.PHONY: fuzz
fuzz: need-go ## every fuzz target, 60 s each (FUZZTIME=…)
	.ci/fuzz $(FUZZTIME)

# The small benchmarks of the packages are for whoever works on one: go test -bench . ./engine/script
.PHONY: bench
bench: need-go ## the figures Moonlet measures itself by, with their bars; some two minutes (BARS=create: one part)
	go test -run '^$$' -bench Bars -timeout 20m ./engine

.PHONY: crash
crash: need-go race-note ## kill -9 under load, 200 cycles (make test does 20)
	MOONLET_CRASH_CYCLES=200 go test $(RACE) -count=1 -run Crash -timeout 60m ./...

IMAGE ?= moonlet
.PHONY: image
image: need-go ## the container image, with Docker or buildah
	.ci/image $(IMAGE) $(VERSION) $(COMMIT) $(DATE)

# The image's root folder. The Dockerfile calls it too, so that there is one recipe.
.PHONY: image-root
image-root: build
	.ci/image-root bin/moonlet bin/image

# The programs that stand for a cluster are built once, outside the checkout: the first time takes minutes and says so.
NODES ?= 3
.PHONY: lab
lab: build ## a Kubernetes of your own with three virtual nodes, until Ctrl-C (NODES=…): no cluster needed
	@lab=$$(cmd/moonlet-lab/build.sh) && cmd/moonlet-lab/try.sh "$(CURDIR)/bin/moonlet" "$$lab" $(NODES)

# The race detector would compile Kubernetes a second time: only what is ours is tested with it.
.PHONY: lab-test
lab-test: need-go
	cd cmd/moonlet-lab && go vet ./internal/... ./e2e && go test $(RACE) -short ./internal/...

E2E := CGO_ENABLED=0 MOONLET="$(CURDIR)/bin/moonlet" MOONLET_LAB="$$lab" go test -count=1

.PHONY: e2e
e2e: build chart ## all of it on a real control plane, with the real kubectl and helm (E2E_RUN=TestRows: one part)
	lab=$$(cmd/moonlet-lab/build.sh) && helm="$(CACHE)/helm/moonlet-helm" && (cd .ci/helm && CGO_ENABLED=0 go build -o "$$helm" .) && \
	cd cmd/moonlet-lab && MOONLET_HELM="$$helm" $(E2E) -timeout 20m $(if $(E2E_RUN),-run '$(E2E_RUN)',) ./e2e ./internal/...

.PHONY: chart
chart: need-go ## helm lint, and the rendered chart as it should be
	cd .ci/helm && go vet ./... && go test ./...

.PHONY: first-byte
first-byte: build ## how fast logs, exec and port-forward answer through the API server, with the bar
	lab=$$(cmd/moonlet-lab/build.sh) && cd cmd/moonlet-lab && $(E2E) -timeout 10m -run '^$$' -bench FirstByte -benchtime 1x ./e2e

IDLE ?= 10m
.PHONY: idle
idle: build ## 1,000 nodes with 10,000 pods in which nothing happens for ten minutes (IDLE=…): CPU and late leases
	lab=$$(cmd/moonlet-lab/build.sh) && cd cmd/moonlet-lab && IDLE=$(IDLE) $(E2E) -timeout 60m -run '^$$' -bench Idle -benchtime 1x ./e2e

KWOK_VERSION := v0.8.0
KWOK := $(CACHE)/kwok/$(KWOK_VERSION)/kwok
.PHONY: compare
compare: build $(KWOK) ## 10,000 pods, and experiments, under Moonlet and KWOK on one control plane; 18 to 40 minutes (COMPARE=experiments or writes: one part)
	lab=$$(cmd/moonlet-lab/build.sh) && cd cmd/moonlet-lab && \
	KWOK="$(KWOK)" KWOK_STAGES="$$(go env GOMODCACHE)/sigs.k8s.io/kwok@$(KWOK_VERSION)/kustomize/stage" \
	$(E2E) -timeout 60m -run '^$$' -bench '(?i)Compare$(COMPARE)' -benchtime 1x ./e2e

$(KWOK):
	@.ci/need-go
	mkdir -p "$(@D)"
	GOBIN="$(@D)" GOFLAGS= go install sigs.k8s.io/kwok/cmd/kwok@$(KWOK_VERSION)

.PHONY: clean
clean: ## remove what was built here
	rm -rf bin

.PHONY: need-go
need-go:
	@.ci/need-go

.PHONY: race-note
race-note:
	@[ -n "$(RACE)" ] || echo "NOTE: no C compiler is found, so tests run WITHOUT the race detector (Debian: apt-get install gcc)" >&2

# Built once for each version, with a build cache of its own: its 1.5 GB are no use to anything else.
$(LINT):
	@.ci/need-go
	mkdir -p "$(@D)"
	GOBIN="$(@D)" GOCACHE="$(CACHE)/golangci-lint/build" GOFLAGS= go install github.com/golangci/golangci-lint/v2/cmd/golangci-lint@$(LINT_VERSION)
	rm -rf "$(CACHE)/golangci-lint/build"
