#!/bin/bash
# Runs the tests of the BPF programs on other kernels, one after the other: run.sh SUITE...
#
# Each suite's cloud kernel boots in QEMU, emulated in software, from an initramfs that this script puts together: the
# test programs, the .NET runtime, the handful of programs that they call, and the kernel's own modules. There is no disk
# and no network. Ends with 1 when a test failed on any of them, or a kernel did not come to its end.
set -euo pipefail

here=$(cd "$(dirname "$0")" && pwd)
repository=$(cd "$here/../.." && pwd)
# shellcheck source=tests/tools/guest.sh
source "$here/../tools/guest.sh"
artifacts=$repository/artifacts
results=$artifacts/test-results/kernels
# Per kernel, all included. Emulation is ten to thirty times slower than the machine.
minutes=${KERNEL_MINUTES:-20}
read -ra tests <<<"${KERNEL_TESTS:-Noded.Bpf.Tests Noded.ServiceProxy.Tests}"
# Not the load tests: ten thousand changes take the emulation too long, and what they show is no matter of the kernel.
read -ra filter <<<"${KERNEL_FILTER:---filter-trait Category=Integration --filter-not-class *ChurnTests}"
programs=(bash sh mount umount ip nsenter unshare setpriv ethtool bpftool kmod cat mkdir rmdir rm ls sleep timeout tail kill
    dmesg uname sysctl)
# What .NET and its libraries open by name.
libraries=(libbpf.so libssl.so.3 libcrypto.so.3)
libdir=/usr/lib/$(gcc -print-multiarch)

work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
mkdir -p "$results"

# Copies files and what they are linked with into a root, under the paths that they have here.
copy() {
    local root=$1 file
    shift
    for file in "$@"; do
        mkdir -p "$root/usr$(dirname "${file#/usr}")"
        cp -Lu "$file" "$root/usr${file#/usr}"
        # Not everything is a program.
        { ldd "$file" 2>/dev/null || :; } | grep -oE '/[^ ]+' | sed -E 's#^/(lib|lib64|bin|sbin)/#/usr/\1/#' |
            while read -r library; do
                mkdir -p "$root$(dirname "$library")"
                cp -Lu "$library" "$root$library"
            done
    done
}

archive() {
    (cd "$1" && find . | cpio --quiet -o -H newc)
}

# What is the same for all kernels.
prepare() {
    local root=$work/root name dotnet directory
    mkdir -p "$root"/{dev,proc,sys,run,tmp,root,etc,var/lib,usr/bin,usr/sbin,usr/lib,usr/lib64}
    for directory in bin sbin lib lib64; do ln -s "usr/$directory" "$root/$directory"; done
    mknod -m 600 "$root/dev/console" c 5 1
    mknod -m 666 "$root/dev/null" c 1 3
    for name in "${programs[@]}"; do
        file=$(PATH=$PATH:/usr/sbin:/sbin type -P "$name") || { echo "$name is missing" >&2; exit 1; }
        copy "$root" "/usr${file#/usr}"
    done
    for name in modprobe insmod lsmod; do ln -s ../bin/kmod "$root/usr/sbin/$name"; done
    for name in "${libraries[@]}"; do copy "$root" "$libdir/$name"; done
    # libbpf looks up by its short name, and what needs it by the name with its version.
    ln -sf libbpf.so "$root$libdir/libbpf.so.1"

    dotnet=$(dirname "$(readlink -f "$(command -v dotnet)")")
    copy_runtime "$dotnet" "$root$dotnet"
    find "$root$dotnet" -name '*.so' | while read -r file; do copy "$root" "${file#"$root"}"; done

    for name in "${tests[@]}"; do
        mkdir -p "$root$artifacts/bin/$name"
        cp -r "$artifacts/bin/$name/debug" "$root$artifacts/bin/$name/"
    done
    touch "$root$repository/Node.sln"
    echo 'root:x:0:0:root:/root:/bin/bash' >"$root/etc/passwd"
    install -m 755 "$here/init.sh" "$root/init"
    cat >"$root/etc/kernel-tests" <<SETTINGS
export DOTNET_ROOT=$dotnet
bin=$artifacts/bin
tests=(${tests[*]})
$(declare -p filter)
SETTINGS
    archive "$root" >"$work/common.cpio"
}

# The kernel of a suite and its modules: sets $kernel, $version and $modules. Newer suites keep both in one directory.
fetch() {
    local directory=$artifacts/kernels/$1
    "$here/../tools/unpack-package.sh" "$1" linux-image-cloud-amd64 "$directory" \
        'linux-(image|modules|binary|base)-[0-9].*'
    kernel=$(find "$directory" -name 'vmlinuz*' | head -n 1)
    modules=$(dirname "$(find "$directory" -name modules.order)")
    version=$(basename "$modules")
}

boot() {
    local suite=$1 log=$results/$1.log root=$work/$1
    mkdir -p "$root/usr/lib/modules/$version/kernel"
    for directory in net lib crypto fs/overlayfs drivers/net; do
        [[ ! -e $modules/kernel/$directory ]] && continue
        mkdir -p "$root/usr/lib/modules/$version/kernel/$(dirname "$directory")"
        cp -r "$modules/kernel/$directory" "$root/usr/lib/modules/$version/kernel/$directory"
    done
    cp "$modules"/modules.{order,builtin}* "$root/usr/lib/modules/$version/"
    # Without a usr of its own depmod looks below /lib.
    ln -s usr/lib "$root/lib"
    PATH=$PATH:/usr/sbin:/sbin depmod -b "$root" "$version"
    rm "$root/lib"
    { cat "$work/common.cpio"; archive "$root"; } >"$work/initrd"
    rm -rf "$root"

    timeout $((minutes * 60)) qemu-system-x86_64 -accel tcg,thread=multi -cpu max -smp 2 -m 3072 \
        -display none -nic none -no-reboot -serial "file:$log" \
        -kernel "$kernel" -initrd "$work/initrd" -append "console=ttyS0 quiet panic=-1" || :
}

prepare
broken=()
for suite in "$@"; do
    fetch "$suite"
    log=$results/$suite.log
    echo "$suite: $version ..."
    start=$SECONDS
    boot "$suite"
    echo "$suite: $version: $(count succeeded "$log") passed, $(count failed "$log") failed," \
        "$(count skipped "$log") skipped in $((SECONDS - start)) s"
    report kernel-tests "$log" || broken+=("$suite")
done

((${#broken[@]} == 0)) || { echo "failed on: ${broken[*]}; see $results"; exit 1; }
