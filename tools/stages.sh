# The stages of ./test, which sources this after prepare.sh. Each counts what it did in passed, failed and skipped.
# shellcheck shell=bash disable=SC2154

passed=0
failed=0
skipped=0
end_to_end_limit=300  # seconds a script

# stage NAME FUNCTION [ARGUMENT...]: runs it and prints what it added to the counts and how long it took.
stage() {
    local name=$1 before=("$passed" "$failed" "$skipped") start=$SECONDS
    shift
    printf '== %s\n' "$name"
    "$@"
    printf '   %d passed, %d failed, %d skipped in %d s\n' "$((passed - before[0]))" "$((failed - before[1]))" \
        "$((skipped - before[2]))" "$((SECONDS - start))"
}

pass() {
    passed=$((passed + 1))
    printf '   pass  %s\n' "$1"
}
fail() {
    failed=$((failed + 1))
    printf '   FAIL  %s\n' "$1"
}
skip() {
    skipped=$((skipped + 1))
    printf '   skip  %s: %s\n' "$1" "$2"
}

# check NAME COMMAND...: passes if the command ends with 0; otherwise shows what it printed.
check() {
    local name=$1 output
    shift
    if output=$("$@" 2>&1); then
        pass "$name"
    else
        printf '%s\n' "$output"
        fail "$name"
    fi
}

install_packages() {
    local packages=("${packages_build[@]}" "${packages_test[@]}" clang-format)
    [[ $quick == true ]] || packages+=("${packages_clang[@]}" "${packages_bench[@]}")
    need_packages "${packages[@]}"
}

# rebuild PRESET TARGET...: configures anew, because files may have come or gone since the last time.
rebuild() {
    local preset=$1 options=()
    shift
    [[ $preset == bench || $preset == clang ]] || options=(-DHOURGLASS_BUILD_TESTS=ON)
    configure "$preset" "${options[@]}" && reconfigure "$preset" "${options[@]}" && build "$preset" "$@"
}

build_preset() {
    if [[ $1 == clang ]] && ! command -v clang++-16 >/dev/null; then
        skip "build/clang" "clang++-16 is not installed"
    elif locked rebuild "$@"; then
        pass "build/$1"
    else
        fail "build/$1"
    fi
}

# attribute NAME FILE: a count from the head of a JUnit report.
attribute() { grep -om1 "$1=\"[0-9]*\"" "$2" | head -n 1 | tr -dc 0-9; }

run_ctest() {
    local preset=$1 report=$root/build/$1-tests.xml log=$root/build/$1-tests.log status=0
    rm -f "$report"
    UBSAN_OPTIONS=print_stacktrace=1 ctest --test-dir "$root/build/$preset" -j "$(nproc)" --no-tests=error \
        --output-on-failure --output-junit "$report" >"$log" 2>&1 || status=$?
    if [[ ! -f $report ]]; then
        cat "$log"
        fail "ctest in build/$preset"
        return
    fi
    local total bad left
    total=$(attribute tests "$report")
    bad=$(attribute failures "$report")
    left=$(($(attribute skipped "$report") + $(attribute disabled "$report")))
    passed=$((passed + total - bad - left))
    failed=$((failed + bad))
    skipped=$((skipped + left))
    grep -E '\*\*\*(Skipped|Not Run)' "$log" | sed 's/^/   /' || true
    if [[ $status -ne 0 ]]; then
        grep -vE '^ *(Start +[0-9]+:|[0-9]+/[0-9]+ Test +#[0-9]+: .* Passed )' "$log" || true
        [[ $bad -gt 0 ]] || fail "ctest in build/$preset"
    fi
}

# Each script of tests/e2e runs in a folder of its own, with HOURGLASS naming the program and HOURGLASS_SOURCE this tree.
# It ends with 0 if it passed and with 77 if it cannot run here; its last line then says why. Files named lib* are
# sourced by scripts.
run_end_to_end() {
    local script name folder status output
    for script in "$root"/tests/e2e/*.sh; do
        name=$(basename "$script" .sh)
        [[ -f $script && $name != lib* ]] || continue
        folder=$(mktemp -d)
        output=$folder.log
        status=0
        (
            cd "$folder"
            HOURGLASS=$root/build/release/bin/hourglass HOURGLASS_SOURCE=$root \
                timeout --kill-after=10 "$end_to_end_limit" bash "$script"
        ) >"$output" 2>&1 </dev/null || status=$?
        case $status in
            0) pass "$name" ;;
            77) skip "$name" "$(tail -n 1 "$output")" ;;
            *)
                cat "$output"
                [[ $status -ne 124 ]] || echo "The limit of $end_to_end_limit s was reached."
                fail "$name (exit code $status)"
                ;;
        esac
        rm -rf "$folder" "$output"
    done
}

# Each example is a project of its own and finds the installed package, as a user's project does.
build_and_run_example() {
    local folder=$root/build/examples/$1
    cmake -S "$root/examples/$1" -B "$folder" -G Ninja --fresh -DCMAKE_PREFIX_PATH="$root/build/install" \
        -DCMAKE_BUILD_TYPE=Release -DCMAKE_CXX_COMPILER_LAUNCHER=ccache &&
        cmake --build "$folder" && "$folder/$1"
}

check_examples() {
    local example
    rm -rf "$root/build/install"
    check "cmake --install" cmake --install "$root/build/release" --prefix "$root/build/install"
    for example in "$root"/examples/*/CMakeLists.txt; do
        example=$(basename "$(dirname "$example")")
        check "examples/$example" build_and_run_example "$example"
    done
}

# source_files PATTERN...: files of the tree that match, tracked or new.
source_files() {
    git -C "$root" ls-files -co --exclude-standard -- "$@" 2>/dev/null | sed "s|^|$root/|" | xargs -r -d '\n' ls -d 2>/dev/null
}

check_format() { source_files '*.h' '*.cpp' | xargs -r -d '\n' clang-format --dry-run -Werror; }

check_shell() {
    local script
    while read -r script; do bash -n "$script" || return 1; done < <(source_files run test .ci/run '*.sh')
}

check_style() {
    if git -C "$root" rev-parse --git-dir >/dev/null 2>&1; then
        check "clang-format" check_format
        check "shell syntax" check_shell
    else
        skip "clang-format and shell syntax" "this tree is not a Git repository"
    fi
    check "includes point inward" "$root/tools/rings.sh"
}

run_fuzzers() {
    if ! command -v clang++-16 >/dev/null; then
        skip "fuzz targets" "clang++-16 is not installed"
        return
    fi
    local summary=$root/build/fuzz/summary.txt target findings
    rm -f "$summary"
    "$root/tools/fuzz.sh" "$1" >&2 || true
    if [[ ! -s $summary ]]; then
        fail "fuzz targets"
        return
    fi
    while read -r target _ _ findings; do
        if [[ $findings -eq 0 ]]; then pass "$target"; else fail "$target: $findings findings"; fi
    done <"$summary"
}
