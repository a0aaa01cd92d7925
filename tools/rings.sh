#!/usr/bin/env bash
# tools/rings.sh: checks that includes point inward only, and that the innermost ring includes nothing that reads a
# clock, makes a system call, takes a lock or draws random bits on its own.
set -euo pipefail
cd "$(dirname "$(readlink -f "$0")")/.."

machine="base wire tcp udp ip socket dns dhcp http uwsgi proxy"
worlds="trace sim link runtime"
tools="explain lab script cli packetdrill web"
world_only='<(thread|mutex|shared_mutex|condition_variable|atomic|future|random|filesystem|fstream|iostream|ctime|asio.*|unistd\.h|fcntl\.h|poll\.h|time\.h|sys/.*|linux/.*|net/.*|netinet/.*|arpa/.*)>'

status=0
# violations MODULE PATTERN EXPLANATION: prints each include in the module that matches.
violations() {
    local folder found
    for folder in "src/$1" "include/hourglass/$1"; do
        [[ -d $folder ]] || continue
        if found=$(grep -rnE --include='*.h' --include='*.cpp' "^ *#include +$2" "$folder"); then
            printf '%s: %s\n' "$3" "$found"
            status=1
        fi
    done
}
# modules_pattern MODULE...: an include of a header of any of them.
modules_pattern() { printf '"(hourglass/)?(%s)/' "$(tr ' ' '|' <<<"$*")"; }

for module in $machine; do
    violations "$module" "$(modules_pattern "$worlds $tools")" "the machine includes an outer ring"
    violations "$module" "$world_only" "the machine includes an operating system's business"
done
for module in $worlds; do
    violations "$module" "$(modules_pattern "$tools")" "a world includes a tool"
done
exit $status
