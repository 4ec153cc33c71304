#!/usr/bin/env bash
# Runs every test project, one after the other: integration tests take stock of the whole machine.
# Arguments go to each test program (see its --help). Ends with "N passed, N failed, N skipped".
set -uo pipefail

here=$(cd "$(dirname "$0")" && pwd)
binaries=$here/../artifacts/bin
results=$here/../artifacts/test-results
passed=0 failed=0 skipped=0 broken=()
mkdir -p "$results"

count() {
	grep -oE "^ *$1: [0-9]+" "$2" | tail -1 | grep -oE '[0-9]+' || echo 0
}

for project in "$here"/*.Tests; do
	name=$(basename "$project")
	log=$results/$name.log
	printf '%s ... ' "$name"
	# A test that hangs must not take the whole run with it, and the log names it.
	timeout --kill-after=10 900 "$binaries/$name/debug/$name" --ansi off --progress off \
		--long-running 120 --xunit-diagnostics on "$@" >"$log" 2>&1
	code=$?
	p=$(count succeeded "$log") f=$(count failed "$log") s=$(count skipped "$log")
	echo "$p passed, $f failed, $s skipped"
	((passed += p, failed += f, skipped += s))

	# 8 says that the filter left nothing to run.
	if ((code != 0 && code != 8)); then
		broken+=("$name")
		if ((f == 0)); then ((failed += 1)); fi
		cat "$log"
	elif ((s > 0)); then
		grep -A2 -E '^skipped ' "$log" | grep -vE '^--$' || true
	fi
done

if ((${#broken[@]})); then
	echo "failed: ${broken[*]}"
fi
echo "$passed passed, $failed failed, $skipped skipped"
((failed == 0))
