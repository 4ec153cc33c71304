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
	mkdir -p "$root/etc/noded/services"
	cp "$here/web-service.yaml" "$root/etc/noded/services/.web.yaml"
	mv "$root/etc/noded/services/.web.yaml" "$root/etc/noded/services/web.yaml"
	"$noded" wait-idle --root "$root"
}

fetch_page() {
	ip=$("$noded" pods --root "$root" | awk '$2 ~ /^web-/ { print $NF }')
	page=$(curl --silent --show-error --fail --retry 20 --retry-delay 0 --retry-max-time 5 --retry-all-errors \
		"http://$ip:8080/")
}

# Only processes in the node's own cgroup reach its Services while several nodes may share the machine.
fetch_service() {
	cgroup=$(awk '$3 == "cgroup2" { print $2; exit }' /proc/mounts)/$(sed -n 's/^0::\///p' "/proc/$(cut -d' ' -f1 "$root/run/noded/noded.pid")/cgroup")
	service=$(sh -c 'echo $$ >"$1/cgroup.procs" && exec curl --silent --show-error --fail --retry 20 --retry-delay 0 \
		--retry-max-time 5 --retry-all-errors http://10.96.0.80/' sh "$cgroup")
}

# As any program of a pod would: libc asks the DNS server that /etc/resolv.conf names.
fetch_name() {
	named=$("$noded" exec --root "$root" "default/$("$noded" pods --root "$root" | awk '$2 ~ /^web-/ { print $2 }')" -- \
		/testimage fetch web.default.svc.cluster.local 80 /)
}

step "starting noded" start_daemon
step "waiting for the node" wait_ready
step "importing the demo image" import_image
step "running the demo pod" place_manifest
step "fetching its page" fetch_page
step "fetching it from its Service" fetch_service
step "fetching it by its Service's name" fetch_name
printf '\nhttp://%s:8080/\n%s\n\nhttp://10.96.0.80/, its Service\n%s\n\n' "$ip" "$page" "$service"
printf 'http://web.default.svc.cluster.local/, from the pod itself\n%s\n\n' "$named"
"$noded" status --root "$root"
echo
"$noded" pods --root "$root"
printf '\nStop it with: make stop\n'
