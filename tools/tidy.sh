#!/usr/bin/env bash
# tools/tidy.sh [--all | FILE...]: clang-tidy over all sources, over some, or (without arguments) over those that differ
# from the last commit. Version 16: older ones cannot read libstdc++'s ranges.
set -euo pipefail
source "$(dirname "$(readlink -f "$0")")/prepare.sh"

need_packages "${packages_build[@]}" "${packages_test[@]}" clang-16 clang-tidy-16
configure clang && reconfigure clang -DHOURGLASS_BUILD_TESTS=ON

changed_files() {
    git -C "$root" diff --name-only --diff-filter=d HEAD -- '*.cpp'
    git -C "$root" ls-files --others --exclude-standard -- '*.cpp'
}
cd "$root"
case ${1-} in
    --all) mapfile -t files < <(git ls-files -co --exclude-standard -- 'src/*.cpp') ;;
    '') mapfile -t files < <(changed_files) ;;
    *) files=("$@") ;;
esac
[[ ${#files[@]} -gt 0 ]] || {
    say "No source differs from the last commit."
    exit 0
}
printf '%s\n' "${files[@]}" | xargs -d '\n' -n 1 -P "$(nproc)" clang-tidy-16 -p build/clang --quiet
