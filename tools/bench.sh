#!/usr/bin/env bash
# tools/bench.sh [NAME|-] [BENCHMARK OPTION...]: builds the benchmarks as they are released and runs all of them (or the
# one in bench/NAME_bench.cpp), each five times in random order; prints the medians.
set -euo pipefail
source "$(dirname "$(readlink -f "$0")")/prepare.sh"

only=${1--}
[[ $# -eq 0 ]] || shift

need_packages "${packages_build[@]}" "${packages_bench[@]}"
build_benchmarks() { configure bench && reconfigure bench && build bench all; }
locked build_benchmarks || die "The build failed."

ran=false
for program in "$root"/build/bench/bench/bench_*; do
    [[ -f $program && -x $program ]] || continue
    [[ $only == - || $program == */bench_"$only" ]] || continue
    ran=true
    say "== $(basename "$program")"
    if [[ $program == */bench_goodput ]]; then
        "$program"  # in virtual time: nothing to repeat
        continue
    fi
    "$program" --benchmark_repetitions=5 --benchmark_min_time=0.2 --benchmark_enable_random_interleaving=true \
        --benchmark_report_aggregates_only=true --benchmark_counters_tabular=true "$@" |
        grep -vE '_(mean|stddev|cv)( |$)'
done
[[ $ran == true ]] || die "There is no benchmark named $only."
