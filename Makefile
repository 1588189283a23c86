# All that a newcomer needs; make help prints it.
## make demo      installs what is missing, builds, and shows the main job (KEEP=1: leaves broker and cluster running)
## make serve     a broker in the foreground (LISTEN=127.0.0.1:8443)
## make build     the program, at build/release/slipway
## make install   the same, below PREFIX (/usr/local), with a systemd unit and completions
## make check     before a commit: format, warnings, unit and conformance tests under sanitizers, folder rules
## make test      every test; make soak: at full counts
## make crash-matrix  the broker killed at every point of every type: docs/crash-matrix.md
## make bench     the figures of docs/performance.md
## make clean     removes build/
# As root, everything but package installation runs as an ordinary account (tools/unprivileged), and `demo` and `serve`
# run broker and environments as two accounts of their own.

PREFIX ?= /usr/local
LISTEN ?= 127.0.0.1:8443
RUN = tools/unprivileged
SLIPWAY = build/release/slipway

.PHONY: help demo build serve test check soak crash-matrix bench bench-build install clean compile compile-bench

help:
	@sed -n 's/^## //p' Makefile

build:
	@tools/setup build run
	@$(RUN) $(MAKE) --no-print-directory compile

# Ninja shows how far it is.
compile:
	@cmake --preset release >/dev/null
	@[ -e build/release/slipway ] || echo "Building build/release/slipway; the first time takes some minutes."
	@cmake --build --preset release

demo: build
	@$(SLIPWAY) demo $(if $(KEEP),--keep) $(if $(filter command line environment,$(origin LISTEN)),--listen $(LISTEN))

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
	@cp build/reports-test/soak.md docs/soak.md
	@tools/crash-matrix --from build/reports-test >build/crash-matrix.md && cp build/crash-matrix.md docs/crash-matrix.md
	@tools/test-root

crash-matrix: build
	@$(RUN) tools/crash-matrix --program $(SLIPWAY) >build/crash-matrix.md
	@cp build/crash-matrix.md docs/crash-matrix.md

# Figures go into docs/performance.md, between the lines that name them; of bench/run alone, onto the terminal.
define write_figures
@mkdir -p build
@$(RUN) bench/run $(2) >build/$(1).md
@sed -i -e '/^<!-- $(1)/,/^<!-- end/{//!d}' -e '/^<!-- $(1)/r build/$(1).md' docs/performance.md
endef

compile-bench:
	@cmake --preset bench >/dev/null
	@cmake --build --preset bench -- --quiet

bench:
	@tools/setup build run bench
	@$(RUN) $(MAKE) --no-print-directory compile-bench
	$(call write_figures,figures)

bench-build:
	@tools/setup build run test
	$(call write_figures,builds,--build)

install: build
	@cmake --install build/release --prefix $(PREFIX)

clean:
	rm -rf build
