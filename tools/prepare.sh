# Sourced by ./run, ./test and the other tools: installs what is missing, configures and builds. All of its output goes
# to standard error, so that standard output belongs to whatever runs afterwards.
# shellcheck shell=bash disable=SC2034

root=$(cd "$(dirname "$(readlink -f "${BASH_SOURCE[0]}")")/.." && pwd)
# Objects of one clone serve the next.
export CCACHE_BASEDIR=$root

packages_build=(g++ cmake ninja-build ccache pkg-config libfmt-dev libcli11-dev nlohmann-json3-dev libasio-dev
    zlib1g-dev libbrotli-dev libpsl-dev libssl-dev libtomlplusplus-dev)
packages_test=(libgtest-dev libgmock-dev curl openssl tshark nginx-light iproute2 iputils-ping nmap dnsmasq-base
    uwsgi-core uwsgi-plugin-python3 python3-websockets librsvg2-bin fonts-dejavu-core fonts-wqy-microhei)
# For the tests beside other programs: they come while the build runs.
packages_browser=(chromium python3-flask python3-h11 apache2-utils wrk nghttp2-client slowhttptest)
packages_clang=(clang-16 libclang-rt-16-dev)
packages_bench=(libbenchmark-dev liblwip-dev libh2o-dev)

say() { printf '%s\n' "$*" >&2; }
die() {
    say "$*"
    exit 2
}

# missing_packages PACKAGE...: prints those that are not installed.
missing_packages() {
    local installed
    installed=$(dpkg-query -W -f='${db:Status-Status} ${Package}\n' "$@" 2>/dev/null | sed -n 's/^installed //p') || true
    comm -23 <(printf '%s\n' "$@" | sort -u) <(sort -u <<<"$installed")
}

# as_root COMMAND...: runs it as root, quietly; shows what it printed if it fails.
as_root() {
    local log
    log=$(mktemp)
    [[ $EUID -eq 0 ]] || set -- sudo --preserve-env=DEBIAN_FRONTEND "$@"
    "$@" >"$log" 2>&1 || {
        cat "$log" >&2
        rm -f "$log"
        return 1
    }
    rm -f "$log"
}

# Debian starts a service that it installs (nginx), unless a policy says no. Ours lasts as long as the installation.
install_without_starting() {
    local policy=/usr/sbin/policy-rc.d status=0
    if [[ -e $policy ]]; then
        as_root apt-get install -y -q --no-install-recommends "$@"
        return
    fi
    as_root install -m 755 /dev/stdin "$policy" <<<$'#!/bin/sh\nexit 101'
    as_root apt-get install -y -q --no-install-recommends "$@" </dev/null || status=$?
    as_root rm -f "$policy"
    return "$status"
}

# need_packages PACKAGE...: installs those that are missing. Touches neither network nor disk if none is.
need_packages() {
    command -v dpkg-query >/dev/null || return 0
    local missing
    mapfile -t missing < <(missing_packages "$@")
    [[ ${#missing[@]} -gt 0 ]] || return 0
    if [[ $EUID -ne 0 ]] && ! command -v sudo >/dev/null; then
        die "Packages are missing; as root, run: apt-get install --no-install-recommends ${missing[*]}"
    fi
    say "Installing Debian packages: ${missing[*]}"
    export DEBIAN_FRONTEND=noninteractive
    as_root apt-get update -q || say "The list of packages could not be brought up to date; trying with the old one."
    install_without_starting "${missing[@]}" || die "The packages could not be installed."
}

# configure PRESET [CMAKE ARGUMENT...]: only if it has not been done, or was done for a tree that has moved since.
configure() {
    local folder=$root/build/$1
    [[ -f $folder/build.ninja ]] && grep -qxF "CMAKE_HOME_DIRECTORY:INTERNAL=$root" "$folder/CMakeCache.txt" && return
    reconfigure "$@" --fresh
}

# reconfigure PRESET [CMAKE ARGUMENT...]
reconfigure() {
    local log=$root/build/$1-configure.log
    mkdir -p "$root/build"
    cmake -S "$root" --preset "$@" >"$log" 2>&1 || {
        cat "$log" >&2
        say "CMake could not configure build/$1."
        return 1
    }
}

# build PRESET TARGET...: silent if there is nothing to do. On a terminal Ninja shows its progress; elsewhere there is one
# line, and what compilers say.
build() {
    local folder=$root/build/$1 name="build/$1"
    shift
    if [[ -t 2 ]]; then
        [[ $(ninja -C "$folder" -n "$@" 2>&1 | tail -n 1) == *"no work to do"* ]] ||
            ninja -C "$folder" -j "$(nproc)" "$@" >&2
        return
    fi
    NINJA_STATUS='[%f/%t] ' ninja -C "$folder" -j "$(nproc)" "$@" 2>&1 | awk -v name="$name" '
        /^ninja: (no work to do|Entering directory)|Re-checking globbed|^-- / { next }
        /^\[[0-9]+\/[0-9]+\] / { if (!started++) { print "Building " name; fflush() } next }
        { print; fflush() }' >&2
}

# locked COMMAND...: one at a time in this tree.
locked() {
    local lock status=0
    mkdir -p "$root/build"
    exec {lock}>"$root/build/.lock"
    flock "$lock"
    "$@" || status=$?
    exec {lock}>&-
    return "$status"
}
