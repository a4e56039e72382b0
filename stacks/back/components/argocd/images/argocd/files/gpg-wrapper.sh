#!/bin/sh
# The repo server reads what gpg says. Status 1 means "no good signature" or "no such key":
# an answer, not a failure. Everything goes to one stream, the failures to standard error.
said=$(gpg "$@" 2>&1)
status=$?
if [ "$status" -gt 1 ]; then
	printf '%s\n' "$said" >&2
	exit "$status"
fi
printf '%s\n' "$said"
