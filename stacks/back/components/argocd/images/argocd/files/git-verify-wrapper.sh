#!/bin/sh
# Tells what Git thinks of the signature of a commit or of an annotated tag. A missing or bad
# signature (status 1) is an answer that the repo server reads, not a failure.
revision=${1:?usage: git-verify-wrapper.sh REVISION}
kind=commit
git describe --exact-match "$revision" >/dev/null 2>&1 && kind=tag
said=$(git "verify-$kind" "$revision" 2>&1)
status=$?
if [ "$status" -gt 1 ]; then
	printf '%s\n' "$said" >&2
	exit "$status"
fi
# For a tag without a signature Git says "error: ...", where the repo server expects nothing.
case "$kind$said" in
tagerror:*) said= ;;
esac
printf '%s\n' "$said"
