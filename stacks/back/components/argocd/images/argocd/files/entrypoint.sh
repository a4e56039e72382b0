#!/bin/sh
# The first process of a container has to collect orphans; tini does that for the program it starts.
[ "$$" -ne 1 ] && exec "$@"
exec tini -- "$@"
