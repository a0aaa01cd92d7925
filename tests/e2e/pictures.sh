#!/usr/bin/env bash
# The pictures of the lab and of a journey: ladders, state diagrams, plots and Mermaid, as files that others can read.
source "$(dirname "$0")/lib.sh"
[[ -x $hourglass ]] || skip "there is no program $hourglass: build it first"
need rsvg-convert python3
work_folder

lab() { "$hourglass" lab run "$@" >/dev/null; }
says() { grep -qF -- "$1" "$2" || { echo "not in $2: $1"; return 1; }; }

# is_picture FILE WIDTH: a PNG picture of that width in pixels, at least 300 high, with something in it.
is_picture() { python3 - "$@" <<'END'
import struct, sys, zlib
data = open(sys.argv[1], 'rb').read()
assert data[:8] == b'\x89PNG\r\n\x1a\n', 'no PNG'
width, height = struct.unpack('>II', data[16:24])
assert width == int(sys.argv[2]) and 300 <= height < 32768, f'{width} x {height}'
at, image = 8, b''
while at < len(data):
    length, kind = struct.unpack('>I4s', data[at:at + 8])
    if kind == b'IDAT':
        image += data[at + 8:at + 8 + length]
    at += 12 + length
assert len(set(zlib.decompress(image)[::97])) > 20, 'an empty picture'
END
}
is_xml() { python3 -c 'import sys, xml.dom.minidom; [xml.dom.minidom.parse(f) for f in sys.argv[1:]]' "$@"; }

scenarios=(handshake four-way-close lost-syn simultaneous-close syn-flood sack tail-loss zero-window nagle-delayed-ack
    bufferbloat)
ladders() {
    local name
    for name in "${scenarios[@]}"; do
        lab "$name" --svg "$name.svg" && is_xml "$name.svg"
    done
    lab lost-syn --svg lost-syn.png && is_picture lost-syn.png 2360
    lab bufferbloat --svg long.png && is_picture long.png 2360
}
chinese() {
    local name
    for name in handshake zero-window sack; do
        lab "$name" --lang zh --svg zh.svg --states zh-states.svg --plot all zh-plot.svg --mermaid zh.mmd
        is_xml zh.svg zh-states.svg zh-plot.svg
    done
    says '时间—序号图' zh-plot.svg && says '状态图' zh-states.svg
}
states() {
    local name
    for name in "${scenarios[@]}"; do
        lab "$name" --states "$name-states.svg" && is_xml "$name-states.svg"
    done
    [[ $(grep -c 'class="walked"' four-way-close-states.svg) -eq 11 ]]
    lab refused --states refused.png && is_picture refused.png 2360
}
plots() {
    lab sack --plot all sack.png --plot sequence sequence.svg && is_picture sack.png 1800 && is_picture sack-2.png 1800
    is_xml sequence.svg sequence-2.svg
    says '3 lost, 3 sent again' sequence.svg
    lab bufferbloat --plot window window.svg --plot rtt rtt.svg --plot throughput throughput.svg
    is_xml window.svg rtt.svg throughput.svg
    [[ $(stat -c %s window.svg) -lt 300000 ]] || { echo "window.svg has $(stat -c %s window.svg) octets"; return 1; }
}
same_bytes() {
    lab tail-loss --plot all one.svg --svg one-l.svg --states one-s.svg --mermaid one.mmd
    lab tail-loss --plot all two.svg --svg two-l.svg --states two-s.svg --mermaid two.mmd
    cmp one.svg two.svg && cmp one-l.svg two-l.svg && cmp one-s.svg two-s.svg && cmp one.mmd two.mmd
}
mermaid() {
    lab lost-syn --mermaid lost.mmd
    [[ $(head -n 1 lost.mmd) == sequenceDiagram ]] && says 'A-xB: ' lost.mmd && says 'Note left of A: SYN-SENT' lost.mmd
}
of_a_journey() {
    "$hourglass" journey --plot all journey.svg --states states.svg --mermaid journey.mmd --svg ladder.png >/dev/null
    is_xml journey.svg states.svg && is_picture ladder.png 1680
}
fails_with() {
    local code=$1 word=$2 status=0
    shift 2
    "$@" >out.txt 2>err.txt || status=$?
    [[ $status -eq $code && $(wc -l <err.txt) -eq 1 ]] || { echo "exit code $status"; cat err.txt; return 1; }
    says "$word" err.txt
}

check 'the ladders of ten scenarios are SVG, and PNG where asked for' ladders
check 'in Chinese' chinese
check 'the state diagrams of ten scenarios' states
check 'the plots, one picture for each network' plots
check 'the same run draws the same bytes' same_bytes
check 'Mermaid' mermaid
check 'a journey has them too' of_a_journey
check 'an unknown plot suggests the nearest' fails_with 2 "did you mean 'window'?" "$hourglass" lab run sack --plot windows x.svg
check 'a scenario without TCP has nothing to plot' fails_with 2 'nothing to plot' "$hourglass" lab run dns-cache --plot rtt x.svg
check 'a picture that can not be written' fails_with 2 "can't be written" "$hourglass" lab run sack --states /nowhere/x.png
check 'without rsvg-convert the error names its package' fails_with 1 librsvg2-bin env PATH=/nowhere "$hourglass" lab run sack --svg x.png
finish
