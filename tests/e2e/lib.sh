# Sourced by the scripts beside it. Each runs in a temporary folder of its own, and ends with 0, with 1, or with 77 when
# something that it needs is missing; its last line then says what.
# shellcheck shell=bash

set -euo pipefail

here=$(cd "$(dirname "$(readlink -f "${BASH_SOURCE[0]}")")" && pwd)
hourglass=$(readlink -m "${HOURGLASS:-$here/../../build/release/bin/hourglass}")
failures=0

skip() {
    echo "$*"
    exit 77
}

# need PROGRAM...: skips when one of them is not installed.
need() {
    local program
    for program in "$@"; do
        [[ -n $(PATH=$PATH:/usr/sbin:/sbin type -P "$program") ]] || skip "$program is not installed"
    done
}

# need_rootless: skips where the system gives no private network to this user.
need_rootless() {
    local message
    [[ -x $hourglass ]] || skip "there is no program $hourglass: build it first"
    message=$("$hourglass" serve . --rootless -- true 2>&1) || skip "$message"
}

# Processes that a script leaves running, by their ids: work_folder's end ends them.
processes=()

# work_folder: makes a temporary folder and goes there; at the end it ends `processes` and removes the folder.
work_folder() {
    folder=$(mktemp -d)
    trap end_work EXIT
    cd "$folder"
}

end_work() {
    local pid
    for pid in "${processes[@]}"; do kill "$pid" 2>/dev/null || true; done
    [[ ${#processes[@]} -eq 0 ]] || wait "${processes[@]}" 2>/dev/null || true
    rm -rf "$folder"
}

# check NAME COMMAND...: says whether the command ended with 0, and shows what it printed if not.
check() {
    local name=$1 status=0
    shift
    "$@" >check.log 2>&1 || status=$?
    if [[ $status -eq 0 ]]; then
        echo "ok    $name"
    else
        echo "FAIL  $name (exit code $status)"
        sed 's/^/      /' check.log | tail -n 20
        failures=$((failures + 1))
    fi
}

# finish: the end of a script.
finish() {
    [[ $failures -eq 0 ]] || echo "$failures checks failed"
    exit $((failures > 0))
}

sha256_of() { sha256sum "$1" | cut -d ' ' -f 1; }

# nginx_beginning SIZE: the first lines of a configuration of nginx, up to the settings of http, with everything that it
# writes in this folder; bodies of at most SIZE.
nginx_beginning() {
    cat <<END
daemon off;
user root;
master_process off;
pid nginx.pid;
events {}
http {
    access_log off;
    client_body_temp_path body;
    proxy_temp_path proxy;
    fastcgi_temp_path fastcgi;
    uwsgi_temp_path uwsgi;
    scgi_temp_path scgi;
    client_max_body_size $1;
END
}

# wait_for SECONDS COMMAND...: repeats the command until it ends with 0.
wait_for() {
    local end=$((SECONDS + $1))
    shift
    until "$@" >/dev/null 2>&1; do
        [[ $SECONDS -lt $end ]] || return 1
        sleep 0.1
    done
}
