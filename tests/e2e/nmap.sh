#!/usr/bin/env bash
# nmap judges our initial sequence numbers through a TUN device (its -O, TCP Sequence Prediction).
source "$(dirname "$0")/lib.sh"

need nmap
need_rootless
work_folder
mkdir files

sequence_numbers_cannot_be_predicted() {
    "$hourglass" serve files -q --rootless -- nmap -n -Pn -O --max-os-tries 1 -v -p 80,81 10.0.0.2
}
check "nmap -O runs" sequence_numbers_cannot_be_predicted
cp check.log nmap.log
check "port 80 is open and 81 closed" grep -qzE '80/tcp +open.*81/tcp +closed' nmap.log
check "sequence numbers: good luck" grep -q 'Good luck!' nmap.log
finish
