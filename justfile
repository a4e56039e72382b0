# What people do, by name; each calls what exists, so `just` is not needed for any of it.

# What there is.
_:
    @just --list

# The program: target/debug/backstack.
build:
    cargo build --locked --package backstack

# Writes Rust and Go as the checks want them.
fmt:
    cargo fmt --all && git ls-files -z '*.go' | xargs -0 gofmt -w

# All that is checked without running anything of ours.
check:
    scripts/test lint

# Unit tests and snapshots, a minute or two.
test-quick:
    scripts/test quick

# Everything, end to end: some thirty minutes.
test:
    scripts/test

# Measures; without arguments, says what.
bench *what:
    scripts/bench {{ what }}
