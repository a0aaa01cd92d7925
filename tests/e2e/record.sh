#!/usr/bin/env bash
# What --record writes, hourglass replay runs again: a live server with curl, a client, simulated runs; up to a damage.
source "$(dirname "$0")/lib.sh"

replays() { # replays FILE: to its end, as it was
    "$hourglass" replay "$1" --json >replayed.json || return 1
    grep -q '"ended": true' replayed.json && grep -q '"problem": null' replayed.json
}

counted() { # counted NAME: what the live server had counted, and what the replay of it has
    local live replayed
    live=$(awk -v name="$1" '$2 == "tcp" && $3 == name { print $1 }' live-counters)
    replayed=$(sed -n "s/.*\"$1\": \([0-9]*\),/\1/p" replayed.json)
    [[ $live -gt 0 && $live -eq $replayed ]] || {
        echo "$1: $live live, $replayed replayed"
        return 1
    }
}

only_for_its_owner() { [[ $(stat -c %a "$1") == 600 ]]; }

cut_short() {
    local status=0
    head -c $(($(stat -c %s live.hgr) * 2 / 3)) live.hgr >cut.hgr
    "$hourglass" replay cut.hgr >out 2>err || status=$?
    cat err
    [[ $status -eq 1 ]] && grep -q 'cut short at octet' err && grep -q 'inputs in' out
}

damaged() {
    local status=0 middle=$(($(stat -c %s live.hgr) / 2))
    { head -c $middle live.hgr && printf '\377\000\377\000' && tail -c +$((middle + 5)) live.hgr; } >damaged.hgr
    "$hourglass" replay damaged.hgr >out 2>err || status=$?
    cat err
    [[ $status -eq 1 ]] && grep -q 'damaged at octet' err
}

no_record() {
    local status=0
    "$hourglass" replay files/small >out 2>err || status=$?
    [[ $status -eq 2 ]] && grep -q 'no record of hourglass' err
}

at_a_time() {
    "$hourglass" replay sack.hgr --at 100ms >table || return 1
    cat table
    grep -q 'ESTABLISHED' table
}

there_and_back() {
    printf 'n 5\np 2\nn\ng 80ms\nc\nq\n' | "$hourglass" replay sack.hgr --step >steps
    cat steps
    # Inputs 1 to 5, 3, 4, and where 80 ms lead.
    [[ $(awk '$1 ~ /^[0-9]+$/ { print $1 }' steps | head -n 7 | tr '\n' ' ') == '1 2 3 4 5 3 4 ' ]] &&
        grep -q 'ESTABLISHED' steps
}

goes_round() {
    timeout 60 "$hourglass" serve files --rootless --record ring.hgr --record-limit 1MiB -- bash "$here/record.sh" --many 2>err ||
        return 1
    cat err
    grep -q 'what came first was overwritten' err && [[ $(stat -c %s ring.hgr) -le 1048576 ]]
}

begins_in_the_middle() {
    "$hourglass" replay ring.hgr | tee out
    grep -q 'begins in the middle' out && "$hourglass" why ring.hgr 17 | grep -q 'segment 17'
}

if [[ ${1-} == --many ]]; then
    for _ in $(seq 12); do curl -sS --max-time 20 -H 'Connection: close' -o /dev/null 'http://10.0.0.2/medium?[1-200]'; done
    exit 0
fi

if [[ ${1-} == --inside ]]; then
    curl -sS --fail --max-time 20 -o got http://10.0.0.2/large
    cmp got files/large
    curl -sS --fail --max-time 20 -o got 'http://[fd00:6867::2]/small'
    wait_for 5 eval '! "$hourglass" stat | grep -qE "ESTABLISHED|LAST-ACK|CLOSE-WAIT|FIN-WAIT"'
    "$hourglass" stat --counters --all >live-counters
    exit 0
fi

need curl
need_rootless
work_folder
mkdir files
head -c 3000000 /dev/urandom >files/large
head -c 300000 /dev/urandom >files/medium
echo hello >files/small
check "a server is recorded while curl fetches" \
    timeout 60 "$hourglass" serve files --rootless --record live.hgr -- bash "$here/record.sh" --inside
check "its record is only for its owner" only_for_its_owner live.hgr
check "its record replays" replays live.hgr
check "as many bytes as the live server sent" counted bytes_out
check "as many segments as came to it" counted segments_in
check "a record at its limit keeps the latest" goes_round
check "it replays from its middle" replays ring.hgr
check "and says so" begins_in_the_middle
tells_of_messages() {
    "$hourglass" replay live.hgr --events events.ndjson >/dev/null && grep http:message events.ndjson &&
        grep -q '"host":"peer","data":{"text":"http: GET /large HTTP/1.1"}' events.ndjson &&
        grep -q '"host":"host","data":{"text":"http: HTTP/1.1 200 OK"}' events.ndjson
}
check "its events have the requests and the answers" tells_of_messages
check "one that is cut short replays up to there" cut_short
check "one that is damaged replays up to there" damaged
check "what is no record is refused" no_record
check "a lesson is recorded" "$hourglass" lab run sack --record sack.hgr
check "its record replays" replays sack.hgr
check "the connections at a time" at_a_time
check "step by step, there and back" there_and_back
check "a journey is recorded" "$hourglass" journey --loss 5 --record journey.hgr
check "its record replays" replays journey.hgr
check "a record in a folder that is not there is refused" \
    test "$("$hourglass" journey --record nowhere/file 2>&1 >/dev/null | grep -c "can't be written")" = 1
finish
