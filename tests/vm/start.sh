#!/bin/bash
# What systemd starts on a machine that is there for tests. Its last line tells how they ended: "machine-tests: 0" for well.
export PATH=/usr/sbin:/usr/bin HOME=/root TERM=dumb LC_ALL=C.UTF-8
export DOTNET_ROOT=/mnt/dotnet DOTNET_CLI_TELEMETRY_OPTOUT=1 DOTNET_TieredPGO=0 DOTNET_SYSTEM_GLOBALIZATION_INVARIANT=1
export NODED_OWN_MACHINE=1

# shellcheck source=/dev/null
source /mnt/settings
mkdir -p "$repository"
mount --bind "/mnt$repository" "$repository"
modprobe sctp
echo "machine: $(uname -r), $(systemctl --version | head -n 1), $(stat -fc %T /sys/fs/cgroup), AppArmor $(cat /sys/module/apparmor/parameters/enabled)"
"$repository/artifacts/bin/Noded.E2E.Tests/debug/Noded.E2E.Tests" --ansi off --progress off --parallel none --output Detailed "${filter[@]}"
failed=$?

echo "machine-tests: $failed"
echo s >/proc/sysrq-trigger
echo b >/proc/sysrq-trigger
