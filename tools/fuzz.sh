#!/usr/bin/env bash
# tools/fuzz.sh [SECONDS] [TARGET]: fuzzes every target, or the one named <module>_<name>, for SECONDS (60) each under the
# address and undefined-behaviour sanitizers, two at a time or as many as there are processors. A corpus in
# fuzz/<module>/corpus/<name>/ is read, never written; what is found goes to build/fuzz/found/.
set -euo pipefail
source "$(dirname "$(readlink -f "$0")")/prepare.sh"

seconds=${1-60}
only=${2-}
[[ $seconds =~ ^[1-9][0-9]*$ ]] || die "usage: tools/fuzz.sh [SECONDS] [TARGET]"
found=$root/build/fuzz/found
summary=$root/build/fuzz/summary.txt

# fuzz_one MODULE NAME: runs one target and writes its line of the summary.
fuzz_one() {
    local module=$1 name=$2 target=$1_$2 folder=$found/$1_$2 options=()
    local corpus=$root/fuzz/$module/corpus/$name dictionary=$root/fuzz/$module/$name.dict log=$folder/log
    mkdir -p "$folder/corpus" "$folder/findings"
    [[ ! -d $corpus ]] || options+=("$corpus")
    [[ ! -f $dictionary ]] || options+=("-dict=$dictionary")
    "$root/build/fuzz/fuzz/fuzz_$target" "$folder/corpus" "${options[@]}" -max_total_time="$seconds" -timeout=10 \
        -rss_limit_mb=2048 -artifact_prefix="$folder/findings/" -print_final_stats=1 >"$log" 2>&1 ||
        grep -q . <(ls -A "$folder/findings") || cp "$log" "$folder/findings/failed.log"
    local executions coverage
    executions=$(sed -n 's/^stat::number_of_executed_units: *//p' "$log" | tail -n 1)
    coverage=$(sed -n 's/.* cov: \([0-9]*\).*/\1/p' "$log" | tail -n 1)
    printf '%s %d %d %d\n' "$target" "${executions:-0}" "${coverage:-0}" \
        "$(find "$folder/findings" -type f | wc -l)" >"$folder/summary"
}

need_packages "${packages_build[@]}" "${packages_clang[@]}"

targets=()
for source in "$root"/fuzz/*/*_fuzzer.cpp; do
    [[ -f $source ]] || continue
    module=$(basename "$(dirname "$source")")
    name=$(basename "$source" _fuzzer.cpp)
    [[ -z $only || $only == "${module}_$name" ]] || continue
    targets+=("$module $name")
done
[[ ${#targets[@]} -gt 0 ]] || die "There is no fuzz target${only:+ named $only}."
mapfile -t programs < <(printf 'fuzz_%s\n' "${targets[@]// /_}")
build_programs() { configure fuzz && reconfigure fuzz && build fuzz "${programs[@]}"; }
locked build_programs || die "The build failed."

rm -f "$summary"
rm -rf "$found"/*/findings "$found"/*/summary
for target in "${targets[@]}"; do
    while [[ $(jobs -rp | wc -l) -ge $(nproc) ]]; do wait -n || true; done
    # shellcheck disable=SC2086  # "module name" is two words
    fuzz_one $target &
done
wait
cat "$found"/*/summary | sort >"$summary"

{
    echo "target executions coverage findings"
    cat "$summary"
} | column -t
awk '{ findings += $4 } END { exit findings != 0 }' "$summary" || {
    say "Inputs that failed: $(find "$found"/*/findings -type f | tr '\n' ' ')"
    exit 1
}
