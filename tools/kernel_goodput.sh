#!/usr/bin/env bash
# tools/kernel_goodput.sh [OPTION...]: builds bench/kernel_goodput as it is released and runs it: our TCP beside the
# kernel's in real time, through one emulated link. --help lists the options. As root it runs before all other work.
set -euo pipefail
source "$(dirname "$(readlink -f "$0")")/prepare.sh"

need_packages "${packages_build[@]}" "${packages_bench[@]}"
build_benchmark() { configure bench && reconfigure bench && build bench kernel_goodput; }
locked build_benchmark || die "The build failed."
exec "$root/build/bench/bench/kernel_goodput/kernel_goodput" "$@"
