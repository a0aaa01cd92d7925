#!/usr/bin/env bash
# Our client against Debian's nginx, which runs on the kernel's TCP in a private network.
source "$(dirname "$0")/lib.sh"

# get PATH ARGUMENT...: `hourglass get` of a path on a server that runs as long as it takes.
get() {
    local path=$1
    shift
    timeout 60 "$hourglass" get "http://10.0.0.1:8080$path" --rootless "$@" -- "$nginx" -p "$folder" -c nginx.conf -e error.log
}

write_configuration() {
    cat >nginx.conf <<END
$(nginx_beginning 20m)
    types { text/html html; text/plain txt; }
    server {
        listen 8080;
        listen [::]:8080;
        root files;
        location /posted { return 200 "\$request_method \$content_type \$content_length \$http_x_mine\n"; }
        location /chunked { ssi on; ssi_types *; }
    }
}
END
}

same_bytes() {
    get /large -o got && cmp got files/large
}
to_standard_output() { get /index.html >got && cmp got files/index.html; }
over_v6() {
    timeout 60 "$hourglass" get 'http://[fd00:6867::1]:8080/index.html' --rootless -- "$nginx" -p "$folder" -c nginx.conf \
        -e error.log >got && cmp got files/index.html
}
head_only() {
    get /index.html -I >got
    grep -q '^HTTP/1.1 200 OK' got && grep -qi "^content-length: $(stat -c %s files/index.html)" got && ! grep -q doctype got
}
with_head() {
    get /index.html -i >got
    grep -q '^HTTP/1.1 200 OK' got && grep -qi '^server: nginx' got && grep -q doctype got
}
chunked_response() {
    get /chunked/page.html -i >got
    grep -qi '^transfer-encoding: chunked' got && grep -q 'included by the server' got
}
# A server of HTTP/1.0, whose response ends with the connection; the second one breaks off a response of known length.
old_server='use Socket; socket(my $l, PF_INET, SOCK_STREAM, 0); setsockopt($l, SOL_SOCKET, SO_REUSEADDR, 1);
    bind($l, pack_sockaddr_in(8080, INADDR_ANY)); listen($l, 1); accept(my $c, $l); sysread($c, my $request, 4096);
    syswrite($c, $ARGV[0]); close($c); sleep 10'
until_close() {
    timeout 30 "$hourglass" get http://10.0.0.1:8080/ --rootless -- perl -e "$old_server" \
        $'HTTP/1.0 200 OK\r\n\r\nto the end' >got
    [[ $(cat got) == 'to the end' ]]
}
broken_off() {
    timeout 30 "$hourglass" get http://10.0.0.1:8080/ --rootless -- perl -e "$old_server" \
        $'HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\nnot to the end'
}
silent_server='use Socket; socket(my $l, PF_INET, SOCK_STREAM, 0); bind($l, pack_sockaddr_in(8080, INADDR_ANY));
    listen($l, 1); sleep 20'
silent() { timeout 30 "$hourglass" get http://10.0.0.1:8080/ --rootless -m 1 -- perl -e "$silent_server"; }
# A name server that knows one name: www.example, at 10.0.0.1.
name_server='use Socket; alarm 20; socket(my $s, PF_INET, SOCK_DGRAM, 0); bind($s, pack_sockaddr_in(53, INADDR_ANY));
    while (my $from = recv($s, my $q, 4096, 0)) {
        my ($end) = $q =~ /^(.{12}.*?\0.{4})/s; my $is_a = substr($end, -3, 1) eq "\1" && $end =~ /www\x07example/;
        substr($end, 2, 10) = pack("n5", 0x8580, 1, $is_a ? 1 : 0, 0, 0);
        send($s, $end . ($is_a ? pack("nnnNn", 0xc00c, 1, 1, 60, 4) . "\x0a\0\0\1" : ""), 0, $from);
    }'
by_name() {
    timeout 30 "$hourglass" get http://www.example:8080/index.html -v --rootless --resolver 10.0.0.1 -- \
        bash -c "perl -e '$name_server' & exec $nginx -p $folder -c nginx.conf -e error.log" >got 2>log
    cat log
    cmp got files/index.html && grep -q '^\* www.example is 10.0.0.1 (network)' log && grep -q '^> Host: www.example:8080' log
}
post() {
    get /posted -d a=1 -d b=2 -H 'X-Mine: yes' >got
    grep -qx 'POST application/x-www-form-urlencoded 7 yes' got
}
post_file() {
    get /posted -d @text -H 'Content-Type: text/plain' >got
    grep -qx 'POST text/plain 10000000 ' got
}
method() {
    get /posted -X DELETE >got
    grep -q '^DELETE ' got
}
verbose() {
    get /index.html -v -o got 2>log
    grep -q '^> GET /index.html HTTP/1.1' log && grep -q '^> Host: 10.0.0.1:8080' log && grep -q '^< HTTP/1.1 200 OK' log
}
exit_code_of() { # exit_code_of EXPECTED COMMAND...
    local expected=$1 status=0
    shift
    "$@" || status=$?
    [[ $status -eq $expected ]]
}

need nginx cmp perl
nginx=$(PATH=$PATH:/usr/sbin type -P nginx)
need_rootless
work_folder
write_configuration
mkdir -p files/chunked
echo '<!doctype html><title>nginx</title>' >files/index.html
echo '<!--#include file="part.html" -->' >files/chunked/page.html
echo 'included by the server' >files/chunked/part.html
head -c 50000000 /dev/urandom >files/large
head -c 7500000 /dev/urandom | base64 -w 0 >text

check "50 MB with -o are the same" same_bytes
check "standard output" to_standard_output
check "over IPv6" over_v6
check "-I" head_only
check "-i" with_head
check "a response in chunks" chunked_response
check "-d and -H" post
check "-d @file of 10 MB" post_file
check "-X" method
check "-v" verbose
check "404 is shown and ends with 0" get /nothing
check "-f: 404 ends with 22" exit_code_of 22 get /nothing -f
check "a response until the connection closes" until_close
check "a response that breaks off ends with 56" exit_code_of 56 broken_off
check "a server that says nothing ends with 28 after -m" exit_code_of 28 silent
check "a server by its name, over our own UDP" by_name
check "a closed port ends with 7" exit_code_of 7 timeout 30 "$hourglass" get http://10.0.0.1:81/ --rootless --connect-timeout 1
check "a name that is not there ends with 6" exit_code_of 6 timeout 30 "$hourglass" get http://name.invalid/ --rootless
finish
