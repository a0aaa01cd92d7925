#!/usr/bin/env bash
# hourglass lab, as a user runs it.
source "$(dirname "$0")/lib.sh"
[[ -x $hourglass ]] || skip "there is no program $hourglass: build it first"
work_folder

lab() { "$hourglass" lab "$@"; }
says() { grep -qF -- "$1" "$2" || { echo "not in $2: $1"; return 1; }; }

lists_by_topic() {
    lab list >list.txt
    local word
    for word in 'Opening a connection' 'HTTP and DNS' handshake syn-flood old-segment bufferbloat dns-cache; do
        says "$word" list.txt
    done
    [[ $(grep -c '^  ' list.txt) -ge 44 ]]
}
lists_in_chinese() {
    lab list --lang zh >list.txt
    says '三次握手' list.txt && says '四次挥手' list.txt
}
shows_settings() {
    lab show lost-syn >show.txt
    says '--set lost=2' show.txt && says '0 to 8' show.txt
    ! grep -q 'SYN-SENT' show.txt
}
tells_a_story() {
    lab run handshake --set delay=80ms >story.txt
    local word
    for word in 'delay 80ms' SYN-SENT SYN-RECEIVED ESTABLISHED '160.000 ms' Checks 'RFC 9293 3.5'; do says "$word" story.txt; done
}
tells_it_in_chinese() {
    lab run four-way-close --lang zh >story.txt
    says '第一个' story.txt || says '客户端没有数据要发了' story.txt
    says '检验' story.txt
}
# columns FILE: the widest line, wide characters counted as two.
columns() { python3 -c "
import sys, unicodedata
w = lambda c: 0 if unicodedata.combining(c) else 2 if unicodedata.east_asian_width(c) in 'WF' else 1
print(max(sum(map(w, line.rstrip('\n'))) for line in open(sys.argv[1], encoding='utf-8')))" "$1"; }
fits() {
    local width language name
    for width in 80 160; do
        for language in en zh; do
            for name in syn-flood four-way-close sack get-post; do
                lab run $name --width $width --lang $language >out.txt
                [[ $(columns out.txt) -le $width ]] || { echo "$name $language is $(columns out.txt) columns wide"; return 1; }
            done
        done
    done
}
whole_lab() {
    local begin=$SECONDS
    lab run --all >all.txt
    says ' scenarios, ' all.txt
    [[ $((SECONDS - begin)) -le 10 ]] || { echo "it took $((SECONDS - begin)) s"; return 1; }
}
same_seed_same_bytes() {
    lab run udp-beside-tcp --seed 5 --json --write one.pcapng >one.json
    lab run udp-beside-tcp --seed 5 --json --write two.pcapng >two.json
    cmp one.json two.json && cmp one.pcapng two.pcapng
    lab run udp-beside-tcp --seed 6 --json >three.json
    ! cmp -s one.json three.json
}
is_json() { lab run sack --json | python3 -c 'import json, sys; lesson = json.load(sys.stdin); assert lesson["holds"] and len(lesson["recordings"]) == 2'; }
writes_captures() {
    lab run sack --write sack.pcapng >/dev/null
    [[ -s sack.pcapng && -s sack-2.pcapng ]]
    [[ -z $(PATH=$PATH:/usr/sbin:/sbin type -P tshark) ]] || [[ $(tshark -r sack.pcapng 2>/dev/null | wc -l) -ge 20 ]]
}
fails_with() {
    local code=$1 word=$2 status=0
    shift 2
    "$hourglass" lab "$@" >out.txt 2>err.txt || status=$?
    [[ $status -eq $code && $(wc -l <err.txt) -eq 1 ]] || { echo "exit code $status"; cat err.txt; return 1; }
    says "$word" err.txt
}

check 'list groups the scenarios by topic' lists_by_topic
check 'list in Chinese' lists_in_chinese
check 'show tells the settings and plays nothing' shows_settings
check 'run tells a story with its setting' tells_a_story
check 'the same in Chinese' tells_it_in_chinese
check 'no line is wider than 80 or 160 columns' fits
check 'the whole lab holds, in less than ten seconds' whole_lab
check 'the same seed gives the same bytes' same_seed_same_bytes
check '--json is JSON' is_json
check '--write makes a capture of each network' writes_captures
check 'an unknown scenario suggests the nearest' fails_with 2 "did you mean 'handshake'?" run handshak
check 'an unknown setting suggests the nearest' fails_with 2 "did you mean 'delay'?" run handshake --set dealy=1ms
check 'a value outside of its range is told the range' fails_with 2 'from 0 to 8' run lost-syn --set lost=9
check 'a setting without a value' fails_with 2 'write it as' run lost-syn --set lost
check 'a story that is not true ends with 1' fails_with 1 'do not hold' run refused --set listen=80
check 'neither a name nor --all' fails_with 2 '--all' run
check 'a capture that can not be written' fails_with 2 'can'"'"'t be written' run handshake --write /nowhere/x.pcapng
finish
