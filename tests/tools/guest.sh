# What scripts have in common that run tests in a machine of QEMU. To be sourced.
# shellcheck shell=bash

# This machine's .NET runtime: copy_runtime FROM TO, both the directory of dotnet.
copy_runtime() {
    local name
    mkdir -p "$2/shared"
    cp -r "$1/host" "$2/"
    for name in Microsoft.NETCore.App Microsoft.AspNetCore.App; do
        cp -r "$1/shared/$name" "$2/shared/"
    done
}

# The sum over all test programs of what a console has behind a word: count succeeded LOG.
count() {
    tr -d '\r' <"$2" | awk -v key="$1:" '$1 == key { sum += $2 } END { print sum + 0 }'
}

# What a console says of tests that were skipped, or, when it does not end with "WORD: 0", of those that failed: report
# WORD LOG. It fails when they did, or never came to their end.
report() {
    tr -d '\r' <"$2" | grep -aA2 -E '^skipped ' | grep -av -e '^--$' || :
    grep -aq "^$1: 0" "$2" && return
    if grep -aq "^$1: " "$2"; then
        tr -d '\r' <"$2" | grep -aA20 -E '^failed ' || :
    else
        echo "it did not come to its end:"
        tail -n 40 "$2" | tr -d '\r'
    fi

    return 1
}
