# noded: build, run and test. `make help` lists the targets.

SHELL := /bin/bash
.SHELLFLAGS := -euo pipefail -c
.ONESHELL:
.DEFAULT_GOAL := help

export DOTNET_CLI_TELEMETRY_OPTOUT := 1
export DOTNET_NOLOGO := 1

ARTIFACTS := $(CURDIR)/artifacts
IMAGES := $(ARTIFACTS)/images
NODED := $(ARTIFACTS)/publish/noded/noded
INVENTORY := $(ARTIFACTS)/bin/Noded.Inventory/debug/Noded.Inventory
RUNTIME := linux-$(if $(filter aarch64,$(shell uname -m)),arm64,x64)
SOURCES := $(shell find daemon cni-plugins control-plane bpf packaging/images packaging/schemas -type f \( -name '*.cs' -o -name '*.csproj' -o -name '*.proto' -o -name '*.c' -o -name '*.h' -o -name '*.tsv' -o -name '*.targets' \)) \
	Directory.Build.props Directory.Packages.props

# One compiler for all projects, whatever the environment says: it halves the time of a build.
COMPILE := -p:UseSharedCompilation=true

# Where `make run` puts its node. Short: socket paths below it have 107 bytes.
ROOT ?= /var/lib/noded-dev
MAX_BINARY_MIB := 45

PACKAGES := containerd runc musl-tools gcc libc6-dev zlib1g-dev curl iproute2 nftables bpftool procps util-linux make git \
	clang-format containernetworking-plugins iptables iputils-ping socat strace podman ethtool \
	clang llvm libbpf-dev libelf-dev libsqlite3-dev etcd-server wrk systemd-container docker-registry runsc

.PHONY: help
help: ## List the targets
	@grep -hE '^[a-z0-9-]+:.*## ' $(MAKEFILE_LIST) | sort | awk -F ':.*## ' '{ printf "  %-18s %s\n", $$1, $$2 }'

.PHONY: packages
packages: ## Install the Debian packages that building, running and testing need
	@missing=()
	for package in $(PACKAGES); do
		[[ "$$(dpkg-query -W -f '$${Status}' $$package 2>/dev/null || true)" == *'ok installed' ]] || missing+=($$package)
	done
	if (( $${#missing[@]} )); then
		echo "installing $${missing[*]}"
		apt-get update -qq
		# Debian's services must not start by themselves: the node brings up its own containerd, tests their registry.
		DEBIAN_FRONTEND=noninteractive RUNLEVEL=1 apt-get install -y -qq --no-install-recommends "$${missing[@]}" >/dev/null
	fi

.PHONY: debian-packages
debian-packages: ## Unpack what tests of the API server use of newer Debian: kubectl, upstream's samples
	@tests/tools/unpack-package.sh trixie kubectl $(ARTIFACTS)/debian
	# That suite moves: without it the tests that compare with it are skipped.
	tests/tools/unpack-package.sh sid golang-k8s-api-dev $(ARTIFACTS)/debian || echo "sid's golang-k8s-api-dev is not to be had"

.PHONY: build
build: ## Compile everything; warnings are errors
	@dotnet restore Node.sln --verbosity quiet
	dotnet build Node.sln --no-restore --verbosity quiet --nologo $(COMPILE)

.PHONY: images
images: $(IMAGES)/testimage.tar ## Build the image that the demo and the tests use

$(IMAGES)/testimage.tar: $(NODED) $(wildcard tests/images/testimage/*)
	@$(MAKE) --no-print-directory -s -C packaging/images OUT=$(IMAGES) testimage
	$(NODED) images build tests/images/testimage/testimage.json --sources $(IMAGES) -f $@

.PHONY: publish
publish: $(NODED) ## Compile the one native binary

$(NODED): $(SOURCES)
	@echo "compiling noded; this takes a minute or two"
	dotnet publish daemon/Noded -c Release -r $(RUNTIME) -o $(dir $@) --verbosity quiet --nologo $(COMPILE)
	touch $@

.PHONY: aot-check
aot-check: $(NODED) ## Check that the binary is one file, small enough and runs
	@$(NODED) version
	size=$$(stat -c %s $(NODED))
	echo "noded has $$((size / 1024 / 1024)) MiB of $(MAX_BINARY_MIB)"
	(( size <= $(MAX_BINARY_MIB) * 1024 * 1024 ))
	highest=$$(objdump -T $(NODED) | grep -o 'GLIBC_[0-9.]*' | sort -uV | tail -1)
	echo "it needs $$highest"
	[[ "$$(printf '%s\n' GLIBC_2.34 $$highest | sort -V | tail -1)" == GLIBC_2.34 ]]

.PHONY: run
run: packages $(NODED) images ## Start a node with a demo pod and show it
	@export NODED_ROOT=$(ROOT)
	packaging/demo/run.sh $(NODED) $(ROOT) $(IMAGES)/testimage.tar

.PHONY: stop
stop: ## Stop that node and remove everything it left
	@if [[ -x $(NODED) ]]; then $(NODED) reset --root $(ROOT); fi

.PHONY: test
test: packages debian-packages build publish images ## Run all tests; needs root
	@tests/run.sh

.PHONY: test-unit
test-unit: build ## Run the tests that need neither root nor a runtime
	@tests/run.sh --filter-not-trait Category=Integration --filter-not-trait Category=Conformance --filter-not-trait Category=E2E

.PHONY: test-integration
test-integration: build publish images ## Run the tests against the kernel, containerd and the published binary
	@tests/run.sh --filter-trait Category=Integration --filter-trait Category=Conformance --filter-trait Category=E2E

.PHONY: test-containerd
test-containerd: build publish images ## Run the whole-binary tests with another containerd: CONTAINERD=/path/to/containerd, RUNC=/path/to/runc
	@NODED_CONTAINERD=$(CONTAINERD) NODED_RUNC=$(RUNC) tests/run.sh --filter-trait Category=E2E

# Debian's suites whose kernels the BPF programs are tried on: 5.10, 6.1, 6.12 and the newest.
KERNELS ?= bullseye bookworm trixie sid

.PHONY: test-kernels
test-kernels: packages build ## Run the tests of the BPF programs on older and newer kernels: KERNELS="bullseye sid"
	@DEBIAN_FRONTEND=noninteractive RUNLEVEL=1 apt-get install -y -qq --no-install-recommends qemu-system-x86 cpio kmod >/dev/null
	tests/kernels/run.sh $(KERNELS)

.PHONY: test-vm
test-vm: packages build publish images ## Run the tests that want a machine: systemd, cgroup v2 and AppArmor in QEMU
	@DEBIAN_FRONTEND=noninteractive RUNLEVEL=1 apt-get install -y -qq --no-install-recommends qemu-system-x86 debootstrap e2fsprogs >/dev/null
	tests/vm/run.sh

.PHONY: test-crash
test-crash: build publish images ## Kill the daemon a thousand times while pods come and go
	@NODED_CRASH_ROUNDS=1000 $(ARTIFACTS)/bin/Noded.E2E.Tests/debug/Noded.E2E.Tests --filter-class '*CrashChurnTests'

.PHONY: fuzz
fuzz: debian-packages build ## Send a million broken requests to the API server
	@NODED_FUZZ_COUNT=1000000 $(ARTIFACTS)/bin/Noded.ApiServer.Tests/debug/Noded.ApiServer.Tests --filter-class '*FuzzTests'

.PHONY: format
format: ## Check the formatting of all code; the build checks its style
	@dotnet format whitespace . --folder --exclude artifacts/ --verify-no-changes --verbosity quiet
	clang-format --dry-run -Werror $$(git ls-files '*.c' '*.h')

.PHONY: bench-start
bench-start: $(NODED) images ## Measure the way from exec to the first running pod
	@dotnet run --project tests/Noded.Benchmarks -c Release -- start

.PHONY: bench-pods
bench-pods: $(NODED) images ## Measure what a pod's start and stop cost beyond the runtime's part
	@dotnet run --project tests/Noded.Benchmarks -c Release -- pods

.PHONY: bench-idle
bench-idle: $(NODED) images ## Measure what a node costs that has nothing to do
	@dotnet run --project tests/Noded.Benchmarks -c Release -- idle

.PHONY: bench-cni
bench-cni: packages $(NODED) images ## Measure the CNI plugins beside Debian's
	@dotnet run --project tests/Noded.Benchmarks -c Release -- cni

.PHONY: bench-control-plane
bench-control-plane: packages $(NODED) images ## Measure what the API server does in a second
	@dotnet run --project tests/Noded.Benchmarks -c Release -- control-plane

.PHONY: bench-dns
bench-dns: packages $(NODED) images ## Measure the cluster's DNS server beside unbound and dnsmasq
	@DEBIAN_FRONTEND=noninteractive RUNLEVEL=1 apt-get install -y -qq --no-install-recommends dnsperf unbound dnsmasq-base >/dev/null
	dotnet run --project tests/Noded.Benchmarks -c Release -- dns

.PHONY: bench-proxy
bench-proxy: packages ## Measure the service proxy beside kube-proxy's rules in nftables and iptables
	@dotnet run --project tests/Noded.Benchmarks -c Release -- proxy

.PHONY: clean
clean: ## Remove what the build made
	@rm -rf $(ARTIFACTS)
