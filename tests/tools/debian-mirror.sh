#!/bin/bash
# Prints the mirror of Debian that this machine uses for its own suite.
set -euo pipefail

mirror=$(sed -nE 's/^(URIs:|deb( \[[^]]*\])?) +(https?:[^ ]+debian)\/?( .*)?$/\3/p' \
    /etc/apt/sources.list /etc/apt/sources.list.d/*.sources 2>/dev/null | head -n 1 || true)
[[ -n $mirror ]] || { echo "no mirror found in the configuration of apt" >&2; exit 1; }
echo "$mirror"
