#!/usr/bin/env bash
# Our request parser beside Python's h11 and Node's llhttp: where they differ there is a clause of the RFC that says why.
source "$(dirname "$0")/lib.sh"

verdicts=$(dirname "$hourglass")/../tests/http/http_verdicts
[[ -x $verdicts ]] || skip "there is no program $verdicts: build it first"
python=/usr/bin/python3
"$python" -c 'import h11' 2>/dev/null || skip "python3-h11 is not installed"
llhttp=()
if [[ $(node -p process.versions.llhttp 2>/dev/null) == 9.* ]]; then
    llhttp=("$here/differential/llhttp.js")
else
    echo "without llhttp: there is no Node.js with its version 9"
fi

for seed in 1 2 3; do
    check "30,000 inputs, seed $seed" "$python" "$here/differential/compare.py" "$here/../http/smuggling" 30000 "$seed" \
        "$verdicts" "${llhttp[@]}"
done
finish
