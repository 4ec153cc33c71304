#!/bin/bash
# Unpacks a package of another Debian suite into a directory, without installing it and without touching this
# machine's own configuration of apt: unpack-package.sh SUITE PACKAGE DIRECTORY [PATTERN]
# With a pattern: those of the packages that it depends on, directly or not, whose whole name matches.
set -euo pipefail

suite=$1 package=$2 directory=$3 pattern=${4-}
stamp="$directory/.unpacked-$suite-$package"
[[ -e $stamp ]] && exit 0

mirror=$("$(dirname "$0")/debian-mirror.sh")
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
mkdir -p "$work"/{lists/partial,cache/archives/partial,deb} "$directory"
echo "deb [signed-by=/usr/share/keyrings/debian-archive-keyring.gpg] $mirror $suite main" >"$work/sources.list"
options=(-qq -o "Dir::Etc::sourcelist=$work/sources.list" -o Dir::Etc::sourceparts=/dev/null
    -o "Dir::State::lists=$work/lists" -o "Dir::Cache=$work/cache" -o APT::Sandbox::User=root)
apt-get "${options[@]}" update
packages=("$package")
if [[ -n $pattern ]]; then
    mapfile -t packages < <(apt-cache "${options[@]}" depends --recurse --no-recommends --no-suggests --no-conflicts \
        --no-breaks --no-replaces --no-enhances "$package" | grep -xE "$pattern" | sort -u)
    ((${#packages[@]})) || { echo "$package of $suite depends on nothing like $pattern" >&2; exit 1; }
fi

(cd "$work/deb" && apt-get "${options[@]}" download "${packages[@]/%//$suite}")
for deb in "$work"/deb/*.deb; do dpkg -x "$deb" "$directory"; done
touch "$stamp"
