#!/bin/sh
# A dev container feature's part of a release: puts the program into the image that is being built, as root.
set -eu
# Debian's and Ubuntu's bare images have nothing that downloads; others have curl or wget.
if command -v apt-get >/dev/null 2>&1 && ! command -v curl >/dev/null 2>&1 && ! command -v wget >/dev/null 2>&1; then
  apt-get update -qq
  DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends ca-certificates curl
  rm -rf /var/lib/apt/lists/*
fi
BACKSTACK_INSTALL_DIR=/usr/local/bin sh "$(dirname "$0")/backstack-install.sh"
