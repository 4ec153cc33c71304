#!/bin/bash
# Runs the tests that want a machine of their own (trait Category=Machine) on one: Debian with systemd as PID 1, cgroup v2
# and AppArmor, in QEMU, emulated in software. Ends with "N passed, N failed, N skipped", and with 1 if a test failed or
# the machine did not come to its end. VM_SUITE chooses the suite of Debian, VM_MINUTES bounds the run, VM_FILTER chooses tests.
set -euo pipefail

here=$(cd "$(dirname "$0")" && pwd)
repository=$(cd "$here/../.." && pwd)
# shellcheck source=tests/tools/guest.sh
source "$here/../tools/guest.sh"
artifacts=$repository/artifacts
suite=${VM_SUITE:-bookworm}
# All included. Emulation is ten to thirty times slower than the machine.
minutes=${VM_MINUTES:-60}
read -ra filter <<<"${VM_FILTER:---filter-trait Category=Machine}"
log=$artifacts/test-results/vm-$suite.log
packages=(systemd-sysv dbus udev kmod linux-image-cloud-amd64 apparmor containerd runc iproute2 nftables procps curl
    socat)

# The machine's disk, made once: whatever a run changes is thrown away with it.
make_root() {
    local directory=$artifacts/vm/$suite root=$artifacts/vm/$suite/root
    disk=$directory/root.ext4 kernel=$directory/vmlinuz initrd=$directory/initrd
    [[ -e $disk && $disk -nt $here/run.sh ]] && return
    rm -rf "$directory"
    mkdir -p "$directory"
    debootstrap --variant=minbase --include="$(IFS=,; echo "${packages[*]}")" "$suite" "$root" \
        "$("$here/../tools/debian-mirror.sh")" >"$directory/debootstrap.log"
    cp "$root"/boot/vmlinuz-* "$kernel"
    cp "$root"/boot/initrd.img-* "$initrd"
    echo machine >"$root/etc/hostname"
    printf '127.0.0.1 localhost machine\n' >"$root/etc/hosts"
    cat >"$root/etc/fstab" <<-FSTAB
	/dev/vda / ext4 defaults 0 0
	/dev/vdb /mnt ext4 defaults 0 0
	FSTAB
    cat >"$root/etc/systemd/system/tests.service" <<-UNIT
	[Unit]
	Description=Tests
	After=multi-user.target
	[Service]
	ExecStart=/mnt/start.sh
	StandardOutput=tty
	StandardError=tty
	TTYPath=/dev/ttyS0
	[Install]
	WantedBy=default.target
	UNIT
    systemctl --root="$root" --quiet enable tests.service
    # The node brings up its own; a login on the console would mix with the tests' words.
    systemctl --root="$root" --quiet mask containerd.service serial-getty@ttyS0.service getty@tty1.service apt-daily.timer \
        apt-daily-upgrade.timer dpkg-db-backup.timer fstrim.timer e2scrub_all.timer e2scrub_reap.service
    rm -rf "$root/var/cache/apt" "$root"/boot/*
    mkfs.ext4 -q -d "$root" "$disk" 4G
    rm -rf "$root"
}

# What the run brings along: the binary, the image, the tests and the .NET runtime, under the paths that they have here.
make_tests() {
    local tree=$work/tree$repository dotnet
    mkdir -p "$tree/artifacts/bin/Noded.E2E.Tests" "$tree/artifacts/publish/noded" "$tree/artifacts/images"
    cp "$artifacts/publish/noded/noded" "$tree/artifacts/publish/noded/"
    cp "$artifacts/images/testimage.tar" "$tree/artifacts/images/"
    cp -r "$artifacts/bin/Noded.E2E.Tests/debug" "$tree/artifacts/bin/Noded.E2E.Tests/"
    touch "$tree/Node.sln"
    dotnet=$(dirname "$(readlink -f "$(command -v dotnet)")")
    copy_runtime "$dotnet" "$work/tree/dotnet"
    install -m 755 "$here/start.sh" "$work/tree/start.sh"
    { echo "repository=$repository"; declare -p filter; } >"$work/tree/settings"
    mkfs.ext4 -q -d "$work/tree" "$work/tests.ext4" 2G
    rm -rf "$work/tree"
}

work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
mkdir -p "$(dirname "$log")"
make_root
make_tests
echo "a machine with $suite ..."
timeout $((minutes * 60)) qemu-system-x86_64 -accel tcg,thread=multi -cpu max -smp 2 -m 4096 \
    -display none -nic none -no-reboot -serial "file:$log" \
    -drive "file=$disk,if=virtio,format=raw,snapshot=on" -drive "file=$work/tests.ext4,if=virtio,format=raw,snapshot=on" \
    -kernel "$kernel" -initrd "$initrd" -append "root=/dev/vda rw console=ttyS0 quiet panic=-1 apparmor=1 security=apparmor" || :

failed=0
report machine-tests "$log" || { failed=1; echo "see $log"; }
echo "$(count succeeded "$log") passed, $(count failed "$log") failed, $(count skipped "$log") skipped in $SECONDS s"
exit "$failed"
