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
    client_max_body_size 20m;
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

need nginx cmp
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
check "a closed port ends with 7" exit_code_of 7 timeout 30 "$hourglass" get http://10.0.0.1:81/ --rootless --connect-timeout 1
check "a name that is not there ends with 6" exit_code_of 6 timeout 30 "$hourglass" get http://name.invalid/ --rootless
finish
