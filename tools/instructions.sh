#!/usr/bin/env bash
# tools/instructions.sh [PROGRAM]: instructions a segment and a connection, counted with callgrind: a figure that repeats
# on any machine, however busy. Both ends of the connection are in it, and what the benchmark does between them. PROGRAM
# is another build of bench_stack than the one made here. With KEEP=FOLDER callgrind's files stay there, for
# callgrind_annotate.
set -euo pipefail
source "$(dirname "$(readlink -f "$0")")/prepare.sh"

program=${1:-$root/build/bench/bench/bench_stack}
need_packages valgrind
if [[ $# -eq 0 ]]; then
    need_packages "${packages_build[@]}" "${packages_bench[@]}"
    build_benchmark() { configure bench && reconfigure bench && build bench bench_stack; }
    locked build_benchmark || die "The build failed."
fi
[[ -f $program && -x $program ]] || die "There is no program $program."

results=${KEEP:-$(mktemp -d)}
mkdir -p "$results"
[[ -n ${KEEP:-} ]] || trap 'rm -rf "$results"' EXIT

# Valgrind counts every turn of "rep movsb" as an instruction; with this, the C library copies with vectors instead.
export GLIBC_TUNABLES=glibc.cpu.x86_rep_movsb_threshold=1000000000

# count BENCHMARK UNIT FUNCTION: runs it once and divides the instructions inside FUNCTION by the counter UNITs.
count() {
    local files=$results/${1//[\/:]/_} instructions units
    valgrind --tool=callgrind --collect-atstart=no --toggle-collect="*$3<*" --callgrind-out-file="$files.callgrind" \
        "$program" --benchmark_filter="^$1\$" --benchmark_min_time=0 --benchmark_format=json \
        >"$files.json" 2>"$files.log" || die "$1 failed: $(tail -n 1 "$files.log")"
    instructions=$(sed -n 's/^totals: //p' "$files.callgrind")
    units=$(sed -n "s/^ *\"$2s\": \([0-9.e+]*\),*\$/\1/p" "$files.json")
    [[ -n $instructions && -n $units ]] || die "$1 gave no figure."
    awk -v name="$1" -v unit="$2" -v instructions="$instructions" -v units="$units" \
        'BEGIN { printf "%-48s %8.0f instructions a %s\n", name, instructions / units, unit }'
}

stacks=(hourglass)
if grep -q /lwip/ <<<"$("$program" --benchmark_list_tests)"; then stacks+=(lwip); fi
for stack in "${stacks[@]}"; do
    for reading in copied in_place; do
        count "bulk/$stack/$reading" segment measured_transfer
    done
    for load in idle:0/at_a_time:1 idle:0/at_a_time:64 idle:1000/at_a_time:1; do
        count "connections/$stack/$load" connection measured_churn
    done
done
