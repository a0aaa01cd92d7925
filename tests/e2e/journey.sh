#!/usr/bin/env bash
# One request, end to end, in virtual time; the capture is judged by tshark.
source "$(dirname "$0")/lib.sh"
need tshark
work_folder

says() { grep -qF -- "$1" journey.txt || { echo "not in the journey: $1"; return 1; }; }
tells_the_story() {
    "$hourglass" journey >journey.txt
    local word
    for word in 'DNS query A' 'DNS answer' SYN SYN-ACK ACK SYN-SENT SYN-RECEIVED ESTABLISHED 'GET /hello?name=world HTTP/1.1' \
        'proxy to origin' 'HTTP/1.1 200 OK' FIN-WAIT-1 CLOSE-WAIT FIN-WAIT-2 LAST-ACK TIME-WAIT CLOSED; do
        says "$word"
    done
}
same_seed_same_bytes() {
    "$hourglass" journey --loss 20 --seed "$1" --write one.pcapng >one.txt || true
    "$hourglass" journey --loss 20 --seed "$1" --write two.pcapng >two.txt || true
    cmp one.txt two.txt && cmp one.pcapng two.pcapng
}
other_seed_other_bytes() {
    "$hourglass" journey --loss 20 --seed 8 >three.txt || true
    ! cmp -s one.txt three.txt
}
clean_capture() {
    "$hourglass" journey --write clean.pcapng >/dev/null
    [[ $(tshark -r clean.pcapng 2>/dev/null | wc -l) -ge 20 ]]
    local bad
    bad=$(tshark -r clean.pcapng -o tcp.check_checksum:TRUE -o ip.check_checksum:TRUE -o udp.check_checksum:TRUE \
        -Y '_ws.malformed || tcp.checksum.status == 0 || ip.checksum.status == 0 || udp.checksum.status == 0 ||
            _ws.expert.severity >= 6291456' 2>/dev/null)
    [[ -z $bad ]] || { echo "$bad"; return 1; }
}
# What tshark may find on a link that loses packets: that some are missing or sent again, never a fault of a segment.
lossy_capture() {
    local seed strange
    for seed in 1 2 3 4 5; do
        "$hourglass" journey --loss 15 --seed "$seed" --write lossy.pcapng >/dev/null || true
        strange=$(tshark -r lossy.pcapng -o tcp.check_checksum:TRUE -T fields -e _ws.expert.message \
            -Y '_ws.malformed || tcp.checksum.status == 0 || _ws.expert.severity >= 6291456' 2>/dev/null |
            grep -vE 'retransmission|Previous segment|lost|out-of-order|RST|Duplicate ACK|new tcp session' || true)
        [[ -z $strange ]] || { echo "seed $seed: $strange"; return 1; }
    done
}
every_packet_has_a_comment() {
    [[ -z $(tshark -r clean.pcapng -Y 'tcp && !frame.comment' 2>/dev/null) ]]
}
is_json() { "$hourglass" journey --json | python3 -m json.tool >/dev/null 2>&1 || "$hourglass" journey --json | perl -MJSON::PP -e 'decode_json(join "", <STDIN>)'; }
fails_with() {
    local code=$1 status=0
    shift
    "$hourglass" journey "$@" >out.txt 2>err.txt || status=$?
    [[ $status -eq $code && $(wc -l <err.txt) -eq 1 ]] || { echo "exit code $status"; cat err.txt; return 1; }
}

check 'every stage and state of the story' tells_the_story
check 'the same seed prints the same bytes' same_seed_same_bytes 7
check 'another seed prints others' other_seed_other_bytes
check 'tshark finds nothing wrong on a clean link' clean_capture
check 'tshark finds only loss on a lossy link' lossy_capture
check 'every segment has a comment' every_packet_has_a_comment
check '--json' is_json
check 'a URL that is none' fails_with 2 'http://'
check 'https can not be shown' fails_with 2 'https://example.com/'
check 'a time that is none' fails_with 2 --delay soon
check 'a loss that is none' fails_with 2 --loss 200
check 'a capture that can not be written' fails_with 2 --write /nowhere/x.pcapng
check 'a network that loses everything ends with 1' fails_with 1 --loss 100
finish
