#!/usr/bin/env bash
# Compares the table of clauses in docs/rfc9293.md with the tests that are named after them.
#
#     tools/clauses.sh build/release/tests/rfc9293/test_rfc9293 docs/rfc9293.md
#
# It fails when a clause of RFC 9293, appendix B is missing from the table or stands there twice; when one is "done"
# without a test of its name, or with one that does not exist or does not pass; when one that is not done gives no
# reason; when a test passes that its clause's row does not name; and when any test fails.

set -euo pipefail

program=$1
table=$2
results=$(mktemp)
trap 'rm -f "$results"' EXIT

"$program" --gtest_color=no >"$results" || { cat "$results"; exit 1; }

awk -v results="$results" -v table="$table" '
    function complain(text) { print table ": " text; bad = 1 }
    function trim(s) { gsub(/^[ \t]+|[ \t]+$/, "", s); return s }

    BEGIN {
        for (i = 1; i <= 69; ++i) expected["MUST-" i]
        for (i = 1; i <= 31; ++i) expected["SHLD-" i]
        for (i = 1; i <= 18; ++i) expected["MAY-" i]
        expected["REC-1"]
        while ((getline line < results) > 0)
            if (match(line, /^\[ +OK \] [A-Za-z0-9]+\.(MUST|SHLD|MAY|REC)_[0-9]+_[A-Za-z0-9]+/)) {
                name = substr(line, RSTART, RLENGTH)
                sub(/^.*\./, "", name)
                passed[name]
            }
    }

    /^\| (MUST|SHLD|MAY|REC)-[0-9]+ / {
        split($0, cell, "|")
        clause = trim(cell[2])
        status = trim(cell[4])
        if (!(clause in expected)) complain(clause ": no such clause")
        if (clause in seen) complain(clause ": twice")
        seen[clause]
        prefix = clause "_"
        sub(/-/, "_", prefix)

        n = split(cell[6], word, "`")
        tests = 0
        for (i = 2; i <= n; i += 2) {
            ++tests
            named[word[i]]
            if (index(word[i], prefix) != 1) complain(clause ": " word[i] " is named after another clause")
            if (!(word[i] in passed)) complain(clause ": no test " word[i] " passes")
        }
        if (status == "done") {
            ++done
            if (tests == 0) complain(clause ": done, and no test says so")
        } else if (status ~ /^not yet: ./ && clause ~ /^SHLD/) {
            ++open
        } else if (status ~ /^does not apply: ./ || (status ~ /^not used: ./ && clause ~ /^MAY/)) {
            ++other
        } else {
            complain(clause ": the status \"" status "\" is none of: done; does not apply: why; " \
                     "not used: why (MAY); not yet: why (SHLD)")
        }
    }

    END {
        for (clause in expected) if (!(clause in seen)) complain(clause ": missing")
        for (name in passed) if (!(name in named)) complain("test " name ": its clause does not name it")
        for (name in passed) ++tests_passed
        printf "%d clauses done, %d not needed, %d open, %d tests\n", done, other, open, tests_passed
        exit bad
    }
' "$table"
