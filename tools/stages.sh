# The stages of ./test, which sources this after prepare.sh. Each counts what it did in passed, failed and skipped.
# shellcheck shell=bash disable=SC2154

passed=0
failed=0
skipped=0
built=''  # presets
browser_install=''
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

# The browser is large: it comes while the build runs. Without it its test is skipped.
begin_browser() {
    mkdir -p "$root/build"
    need_packages "${packages_browser[@]}" >"$root/build/browser-install.log" 2>&1 &
    browser_install=$!
}
await_browser() {
    if wait "$browser_install"; then
        pass "chromium"
    else
        tail -n 1 "$root/build/browser-install.log"
        skip "chromium" "it could not be installed"
    fi
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
        built+=" $1 "
    else
        fail "build/$1"
    fi
}

# is_built PRESET: says so if it is not; what depends on it is then left out.
is_built() {
    [[ $built == *" $1 "* ]] || {
        printf '   not run, because the build failed\n'
        return 1
    }
}

run_ctest() {
    is_built "$1" || return 0
    local log=$root/build/$1-tests.log status=0 summary total bad left
    UBSAN_OPTIONS=print_stacktrace=1 ctest --test-dir "$root/build/$1" -j "$(nproc)" --no-tests=error \
        --output-on-failure >"$log" 2>&1 || status=$?
    if [[ $status -ne 0 ]]; then
        grep -vE '^ *(Start +[0-9]+:|[0-9]+/[0-9]+ Test +#[0-9]+: .* Passed )' "$log" || true
    fi
    if ! summary=$(grep -oE '[0-9]+ tests? failed out of [0-9]+' "$log"); then
        fail "ctest in build/$1"
        return
    fi
    read -r bad _ _ _ _ total <<<"$summary"
    left=$(grep -c '\*\*\*Skipped' "$log") || true
    grep '\*\*\*Skipped' "$log" | sed -E 's/.*#[0-9]+: ([^ ]+).*/   skip  \1/' || true
    passed=$((passed + total - bad - left))
    failed=$((failed + bad))
    skipped=$((skipped + left))
}

# Each script of tests/e2e runs in a folder of its own, with HOURGLASS naming the program and HOURGLASS_SOURCE this tree.
# It ends with 0 if it passed and with 77 if it cannot run here; its last line then says why. Files named lib* are
# sourced by scripts.
run_end_to_end() {
    is_built release || return 0
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
    is_built release || return 0
    local example
    rm -rf "$root/build/install"
    check "cmake --install" cmake --install "$root/build/release" --prefix "$root/build/install"
    for example in "$root"/examples/*/CMakeLists.txt; do
        example=$(basename "$(dirname "$example")")
        check "examples/$example" build_and_run_example "$example"
    done
}

check_format() {
    find "$root"/{include,src,tests,fuzz,bench,examples} \( -name '*.h' -o -name '*.cpp' \) -print0 |
        xargs -r -0 clang-format --dry-run -Werror
}

check_shell() {
    local script
    for script in "$root"/{run,test,.ci/run,tools/*.sh,tests/e2e/*.sh}; do
        [[ ! -f $script ]] || bash -n "$script" || return 1
    done
}

check_style() {
    check "clang-format" check_format
    check "shell syntax" check_shell
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
