#!/usr/bin/env bash
# Starts a node at ROOT with the demo pod and shows it. Running it again changes nothing.
# Usage: run.sh NODED ROOT IMAGE_ARCHIVE
set -euo pipefail

noded=$1 root=$2 archive=$3
here=$(cd "$(dirname "$0")" && pwd)
log=$root/var/log/noded/noded.log

step() {
	printf '%s ... ' "$1"
	shift
	"$@"
	echo ok
}

start_daemon() {
	if "$noded" status --root "$root" >/dev/null 2>&1; then
		return
	fi
	mkdir -p "$(dirname "$log")"
	setsid "$noded" run --root "$root" >>"$log" 2>&1 </dev/null &
}

wait_ready() {
	# curl retries by itself; ten seconds are far more than a start takes.
	curl --silent --fail --output /dev/null --retry 100 --retry-delay 0 --retry-max-time 10 \
		--retry-all-errors --retry-connrefused http://127.0.0.1:10248/readyz ||
		{ echo "the node does not become ready; its log is $log" >&2; tail -5 "$log" >&2; return 1; }
}

import_image() {
	"$noded" images import --root "$root" "$archive" >/dev/null
}

place_manifest() {
	mkdir -p "$root/etc/kubernetes/manifests"
	cp "$here/web.yaml" "$root/etc/kubernetes/manifests/.web.yaml"
	mv "$root/etc/kubernetes/manifests/.web.yaml" "$root/etc/kubernetes/manifests/web.yaml"
	"$noded" wait-idle --root "$root"
}

fetch_page() {
	ip=$("$noded" pods --root "$root" | awk '$2 ~ /^web-/ { print $NF }')
	page=$(curl --silent --show-error --fail --retry 20 --retry-delay 0 --retry-max-time 5 --retry-all-errors \
		"http://$ip:8080/")
}

step "starting noded" start_daemon
step "waiting for the node" wait_ready
step "importing the demo image" import_image
step "running the demo pod" place_manifest
step "fetching its page" fetch_page
printf '\nhttp://%s:8080/\n%s\n\n' "$ip" "$page"
"$noded" status --root "$root"
echo
"$noded" pods --root "$root"
printf '\nStop it with: make stop\n'
