#!/usr/bin/env bash
# What can't be done is said in one line, with what to do about it, and ends with exit code 2.
source "$(dirname "$0")/lib.sh"

# refuses TEXT ARGUMENT...: exit code 2, nothing on standard output, one line on standard error with TEXT in it.
refuses() {
    local text=$1 status=0
    shift
    timeout 20 "$hourglass" "$@" >out 2>err || status=$?
    echo "exit code $status, standard error: $(cat err)"
    [[ $status -eq 2 && ! -s out && $(wc -l <err) -eq 1 ]] && grep -qF -- "$text" err
}
ends_with() { # ends_with CODE ARGUMENT...
    local expected=$1 status=0
    shift
    timeout 20 "$hourglass" "$@" >out 2>err || status=$?
    echo "exit code $status, standard error: $(cat err)"
    [[ $status -eq $expected ]]
}
# Without capabilities, and so without a device of its own.
as_nobody() {
    local text=$1 status=0
    shift
    setpriv --reuid=65534 --regid=65534 --clear-groups --inh-caps=-all env -u XDG_RUNTIME_DIR \
        timeout 20 "$hourglass" "$@" >out 2>err || status=$?
    echo "exit code $status, standard error: $(cat err)"
    [[ $status -eq 2 && $(wc -l <err) -eq 1 ]] && grep -qF -- "$text" err
}
# All of it is read: who writes into a pipe that nobody reads any more ends with a signal.
help_of() { "$hourglass" "$1" --help | grep '^Examples:' >/dev/null; }

[[ -x $hourglass ]] || skip "there is no program $hourglass: build it first"
work_folder
mkdir files
touch file

check "an unknown command" refuses "no command 'fetch'" fetch
check "an unknown option of the program" refuses "no option '--quick'" --quick
check "an unknown option of a command" refuses "--quick" serve files --quick
check "a missing argument" refuses "serve --help" serve
check "a folder that is not there" refuses "'absent'" serve absent
check "a file instead of a folder" refuses "not a folder" serve file
check "an address that is none" refuses "--listen 10.0.0.300:80" serve files --listen 10.0.0.300:80
check "an address that is a group" refuses "224.0.0.1" serve files --listen 224.0.0.1:80
check "a port that is none" refuses "--listen" serve files --listen 10.0.0.2:http
check "an address of the kernel that is none" refuses "--host-address" serve files --host-address 10.0.0.1/40
check "a capture of the operating system's packets" refuses "--capture is for our own TCP" serve files --capture c.pcapng
check "two transports" refuses "--os" serve files --os --rootless
check "an MTU that is too small" refuses "--mtu" serve files --mtu 100
check "a device name that is too long" refuses "cannot name an interface" serve files --tun sixteen-letters- --rootless
check "a capture file that can't be written" refuses "absent/c.pcapng" serve files --rootless --capture absent/c.pcapng
check "a URL that is none" refuses "write it like http://" get http:///
check "a scheme that we do not speak" refuses "https" get ftp://example.com/
check "a header that is none" refuses "-H" get http://10.0.0.1/ -H 'no colon'
check "a file to send that is not there" refuses "absent" get http://10.0.0.1/ -d @absent
check "a resolver that is none" refuses "--resolver" get http://example.com/ --resolver example.net
check "no instance to ask" env XDG_RUNTIME_DIR="$folder" bash -c "$(declare -f refuses); hourglass=$hourglass; refuses 'no instance is running' stat"
check "a socket that nobody answers on" refuses "no running instance" stat --control absent.sock
echo 'www A ten' >zone
check "a zone with a fault" refuses "line 1" serve files --rootless --zone zone -- true
check "a zone that is not there" refuses "No such file" serve files --rootless --zone absent -- true
check "a zone without a host of ours" refuses "for our own TCP" serve files --zone zone
check "a program that is not there ends with 127" ends_with 127 serve files --rootless -- ./absent
check "a program that can't be run ends with 126" ends_with 126 serve files --rootless -- ./file
check "the program's exit code is ours" ends_with 42 serve files --rootless -- sh -c 'exit 42'
check "a signal that ends the program is 128 more" ends_with 143 serve files --rootless -- sh -c 'kill -TERM $$'
for command in serve get stat; do check "$command --help has examples" help_of $command; done
if [[ $EUID -eq 0 && -x $(type -P setpriv) ]]; then
    chmod 755 "$folder"
    cp "$hourglass" program && hourglass=$folder/program
    check "no privilege" as_nobody "--rootless" serve files --tun none0
    [[ $(cat /proc/sys/net/ipv4/ip_unprivileged_port_start) -le 1 ]] ||
        check "a port that takes privilege" as_nobody "privilege" serve files --listen 127.0.0.1:1
fi
finish
