# All that a newcomer needs: make demo | build | serve | test | check | soak | install PREFIX=...
# As root, everything but package installation runs as an ordinary account (tools/unprivileged), and `demo` and `serve`
# run broker and environments as two accounts of their own.

PREFIX ?= /usr/local
LISTEN ?= 127.0.0.1:8443
RUN = tools/unprivileged
SLIPWAY = build/release/slipway

.PHONY: help demo build serve test check soak install clean compile

help:
	@sed -n '1s/^# //p' Makefile

build:
	@tools/setup build run
	@$(RUN) $(MAKE) --no-print-directory compile

compile:
	@cmake --preset release >/dev/null
	@cmake --build --preset release -- --quiet

demo: build
	@$(SLIPWAY) demo $(if $(KEEP),--keep)

serve: build
	@$(SLIPWAY) serve --listen $(LISTEN)

check:
	@tools/setup build run test
	@$(RUN) tools/check

test:
	@tools/setup build run test
	@$(RUN) tools/test
	@tools/test-root

soak:
	@tools/setup build run test
	@SLIPWAY_SOAK=1 $(RUN) tools/test
	@tools/test-root

install: build
	@cmake --install build/release --prefix $(PREFIX)

clean:
	rm -rf build
