#!/usr/bin/env bash
# Checks the tables of clauses in docs/clauses: that what they name exists.
#
#     tools/clause_tables.sh build/release/tests/*/test_*
#
# A row is `| RFC 7323, 2.2 | what it asks | where | tests |`. It fails when a row has another form or stands there twice;
# when a test or a script that it names does not exist, or is named twice in it; when it names none, unless the third cell
# gives a reason (not met: why; not used: why; does not apply: why); and when a file of the third cell does not exist.

set -euo pipefail

root=$(cd "$(dirname "$0")/.." && pwd)
tests=$(mktemp)
trap 'rm -f "$tests"' EXIT

for program in "$@"; do
    [[ -x $program && -f $program ]] || continue
    # "Families/Ping.Name/0" is Ping.Name.
    "$program" --gtest_list_tests | awk '
        /^[^ ]+\.($|  # )/ { suite = $1; sub(/^[^\/]*\//, "", suite); sub(/\/[0-9]+\.$/, ".", suite); next }
        /^  / { sub(/\/.*$/, "", $1); print suite $1 }'
done >"$tests"

awk -v tests="$tests" -v root="$root" '
    function complain(text) { print substr(FILENAME, length(root) + 2) ":" FNR ": " text; bad = 1 }
    function trim(s) { gsub(/^[ \t]+|[ \t]+$/, "", s); return s }
    function exists(path,   line, there) {
        if (path in known) return known[path]
        there = (getline line < path) >= 0
        close(path)
        return known[path] = there
    }
    function is_test(name) { return name ~ /\// ? exists(root "/" name) : name in test }
    function is_source(name) {
        return exists(root "/" folder "/" name) || exists(root "/src/" name) || exists(root "/src/tcp/" name) ||
               exists(root "/include/hourglass/" name)
    }

    BEGIN { while ((getline line < tests) > 0) test[line] }

    FNR == 1 { folder = "src/tcp" }
    /Files are in `/ { folder = $0; sub(/^.*Files are in `/, "", folder); sub(/`.*$/, "", folder) }
    !/^\|/ || /^\| *(Clause|RFC) *\|/ || /^\|[-| ]+$/ { next }

    {
        if (split($0, cell, "|") != 6) { complain("not four cells"); next }
        clause = trim(cell[2]); text = trim(cell[3]); where = trim(cell[4])
        if (clause !~ /^(RFC [0-9]+|draft-[a-z0-9-]+)/) complain("no clause: \"" clause "\"")
        if (text == "") complain(clause ": it asks nothing")
        if ((clause, text) in seen) complain(clause ": twice: " text)
        seen[clause, text]

        n = split(cell[5], word, "`")
        count = 0
        delete named
        for (i = 2; i <= n; i += 2) {
            ++count
            if (word[i] in named) complain(clause ": " word[i] " twice")
            named[word[i]]
            if (!is_test(word[i])) complain(clause ": there is no " word[i])
        }
        rest = cell[5]
        gsub(/`[^`]*`|<br>| /, "", rest)
        if (rest != "") complain(clause ": among the tests: " rest)

        if (where ~ /^(not met|not used|does not apply): ./) { ++open; next }
        if (where == "") complain(clause ": nowhere")
        if (count == 0) complain(clause ": no test, and no reason")
        n = split(where, word, "`")
        for (i = 2; i <= n; i += 2)
            if (word[i] ~ /\.(cpp|h)$/ && !is_source(word[i])) complain(clause ": there is no file " word[i])
        ++done
    }

    END {
        printf "%d clauses done, %d not\n", done, open
        exit bad
    }
' "$root"/docs/clauses/*.md
