#!/usr/bin/env bash
# bench/serve.sh [SECONDS [TURNS]]: 'hourglass serve' over the system's TCP beside Debian's nginx and h2o, in one run on
# loopback: each server on one core, wrk on another, in alternating turns of SECONDS (default: 5). Prints requests a second
# and the 99th percentile of the latency, medians of TURNS turns (default: 3). Needs two cores and nothing else on them.
set -euo pipefail
source "$(dirname "$(readlink -f "$0")")/../tools/prepare.sh"

need_packages "${packages_build[@]}" wrk h2o nginx-light
build_program() { configure release && reconfigure release && build release hourglass_program; }
locked build_program || die "The build failed."

seconds=${1:-5}
turns=${2:-3}
folder=$(mktemp -d)
pids=()
stop() {
    local pid
    for pid in "${pids[@]}"; do kill "$pid" 2>/dev/null || true; done
    wait 2>/dev/null || true
    rm -rf "$folder"
}
trap stop EXIT
mkdir "$folder/www"
chmod 755 "$folder" "$folder/www"
head -c 1024 /dev/urandom >"$folder/www/1k"
head -c 1048576 /dev/urandom >"$folder/www/1m"

declare -A port=([hourglass]=18080 [nginx]=18081 [h2o]=18082)
cat >"$folder/nginx.conf" <<END
daemon off; worker_processes 1; pid $folder/nginx.pid; error_log $folder/nginx.log;
events { worker_connections 4096; }
http { access_log off; sendfile on; tcp_nopush on; keepalive_requests 1000000000; client_body_temp_path $folder;
  server { listen 127.0.0.1:${port[nginx]} backlog=4096; root $folder/www; } }
END
cat >"$folder/h2o.conf" <<END
listen: {host: 127.0.0.1, port: ${port[h2o]}}
num-threads: 1
hosts: {default: {paths: {/: {file.dir: $folder/www}}}}
END
# One request line a batch of sixteen, for wrk.
cat >"$folder/pipeline.lua" <<'END'
init = function(args)
    local one = wrk.format("GET", "/1k")
    batch = string.rep(one, 16)
end
request = function() return batch end
END
taskset -c 0 "$root/build/release/bin/hourglass" serve "$folder/www" --listen "127.0.0.1:${port[hourglass]}" -q &
pids+=($!)
taskset -c 0 nginx -c "$folder/nginx.conf" -p "$folder" 2>"$folder/nginx.err" &
pids+=($!)
taskset -c 0 h2o -c "$folder/h2o.conf" >/dev/null 2>"$folder/h2o.err" &
pids+=($!)
sleep 1

# one CASE SERVER: requests a second and the 99th percentile in milliseconds, of one turn.
one() {
    local -a arguments=()
    case $1 in
        keep-alive) arguments=(-c 64 "http://127.0.0.1:${port[$2]}/1k") ;;
        close) arguments=(-c 64 -H 'Connection: close' "http://127.0.0.1:${port[$2]}/1k") ;;
        pipelined) arguments=(-c 16 -s "$folder/pipeline.lua" "http://127.0.0.1:${port[$2]}/") ;;
        1M) arguments=(-c 16 "http://127.0.0.1:${port[$2]}/1m") ;;
    esac
    taskset -c 1 wrk -t 1 -d "$seconds" --latency "${arguments[@]}" | awk '
        function ms(t) { return t ~ /us$/ ? t / 1000 : t ~ /ms$/ ? t + 0 : t * 1000 }
        $1 == "99%" { p99 = ms($2) }
        $1 == "Requests/sec:" { rate = $2 }
        END { printf "%.0f %.2f\n", rate, p99 }'
}
median() { sort -n | sed -n "$(((turns + 1) / 2))p"; }

printf '%-12s %12s %8s %12s %8s %12s %8s %10s %10s\n' case hourglass p99/ms nginx p99/ms h2o p99/ms 'to nginx' 'to h2o'
for case in keep-alive close pipelined 1M; do
    for server in hourglass nginx h2o; do : >"$folder/$server.$case"; done
    for ((turn = 0; turn < turns; turn++)); do
        for server in hourglass nginx h2o; do one "$case" "$server" >>"$folder/$server.$case"; done
    done
    row=()
    for server in hourglass nginx h2o; do
        row+=("$(cut -d' ' -f1 "$folder/$server.$case" | median)" "$(cut -d' ' -f2 "$folder/$server.$case" | median)")
    done
    printf '%-12s %12s %8s %12s %8s %12s %8s %10.2f %10.2f\n' "$case" "${row[@]}" \
        "$(awk "BEGIN { print ${row[0]} / ${row[2]} }")" "$(awk "BEGIN { print ${row[0]} / ${row[4]} }")"
done
