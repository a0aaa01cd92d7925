#!/usr/bin/env bash
# The kernel's TCP against ours across a TUN device, with each option of the kernel's side on and off: 100 connections at
# a time download and upload, and every byte is compared. HOURGLASS_INTEROP_MB megabytes in total (960).
source "$(dirname "$0")/lib.sh"

# Runs inside the private network: interop OPTION VALUE.
parallel_downloads() { # COUNT: as many connections at a time, each a megabyte
    local i
    for ((i = 0; i < $1; i++)); do printf 'url = "http://10.0.0.2/%d"\noutput = "got/%d"\n' $((i % 8)) "$i"; done >urls
    rm -rf got && mkdir got
    curl -sS --fail --max-time 120 --parallel --parallel-max 100 --parallel-immediate -K urls 2>curl.log ||
        { cat curl.log; return 1; }
    for ((i = 0; i < $1; i++)); do cmp "got/$i" "files/$((i % 8))" || return 1; done
}

parallel_uploads() { # COUNT: echoed back, so each carries a megabyte both ways
    local i pids=() pid
    for ((i = 0; i < $1; i++)); do
        curl -sS --fail --max-time 120 --data-binary "@files/$((i % 8))" -o "got/up$i" http://10.0.0.2/echo &
        pids+=($!)
        if ((i % 25 == 24)); then
            for pid in "${pids[@]}"; do wait "$pid" || return 1; done
            pids=()
        fi
    done
    for pid in "${pids[@]}"; do wait "$pid" || return 1; done
    for ((i = 0; i < $1; i++)); do cmp "got/up$i" "files/$((i % 8))" || return 1; done
}

if [[ ${1-} == inside ]]; then
    set +e
    echo "$3" >"/proc/sys/net/ipv4/$2" || exit 1
    cd "$4" && parallel_downloads "$5" && parallel_uploads $(($5 / 5))
    exit
fi

need curl
need_rootless
work_folder
mkdir files
for i in 0 1 2 3 4 5 6 7; do head -c 1000000 /dev/urandom >"files/$i"; done

# Each case moves its downloads once and a fifth as much up and down again: 1.4 MB a connection.
cases=("tcp_sack 1" "tcp_sack 0" "tcp_timestamps 0" "tcp_window_scaling 0" "tcp_ecn 1" "tcp_ecn 0" "tcp_slow_start_after_idle 0")
count=$((${HOURGLASS_INTEROP_MB:-960} * 10 / 14 / ${#cases[@]}))
for case in "${cases[@]}"; do
    # shellcheck disable=SC2086  # an option and its value
    set -- $case
    check "100 connections at a time, $1 = $2" "$hourglass" serve files -q --rootless -- \
        bash "$here/interop.sh" inside "$1" "$2" "$PWD" "$count"
done
finish
