# SPDX-License-Identifier: Apache-2.0
GO ?= go
export CGO_ENABLED = 0
# For all that is built here, so that check, build and test use what was compiled once.
export GOFLAGS = -trimpath
FLAGS = -ldflags "-s -w -buildid="

.PHONY: generate build demo test check bench need long interop clean

build:
	$(GO) build $(FLAGS) -o bin/rogatory ./cmd/rogatory
	$(GO) build $(FLAGS) -o bin/rogatory-verify ./cmd/rogatory-verify

demo: build
	./bin/rogatory demo $(ARGS)

# make test is exactly what .ci/run runs.
test: need check build
	$(GO) test -count=1 -timeout 15m ./...

check:
	@unformatted=$$(gofmt -l .); test -z "$$unformatted" || { echo "not gofmt-ed: $$unformatted"; exit 1; }
	$(GO) vet ./...

# What the tests need beyond Go, git, gcc and make: real openssl, unzip, PostgreSQL and chromium.
need:
	@sh scripts/need.sh

bench: build
	$(GO) run ./bench $(if $(JSON),-json $(JSON)) $(ARGS)

# The console's screens, from console/*.templ. The result is committed, so that building needs no generator.
generate:
	$(GO) run github.com/a-h/templ/cmd/templ@v0.3.977 generate -path console

# Hours, not minutes: big evidence, fifty kills, ten thousand seeds.
long: build
	$(GO) test -tags big -run Big -v -count=1 -timeout 3h ./demo/
	ROGATORY_KILLS=50 $(GO) test -count=1 -timeout 1h -run Kill ./node/
	ROGATORY_SEEDS=10000 $(GO) test -count=1 -timeout 3h ./sim/

# With a witness that others wrote, built from the module proxy; needs ssh-agent.
interop:
	ROGATORY_INTEROP=1 $(GO) test -count=1 -run StockWitness ./cmd/rogatory/

clean:
	rm -rf bin
