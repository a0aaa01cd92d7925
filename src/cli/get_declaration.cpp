#include "cli/get_declaration.h"

#include <CLI/CLI.hpp>

namespace hourglass::cli {

namespace {

void declare_output(CLI::App& app, GetOptions& options) {
    app.add_option("URL", options.urls, "What to fetch, in this order; http:// may be left out")
        ->required()
        ->type_name("");
    app.add_option("-o,--output", options.outputs, "Write the body to a file; once for each URL")
        ->type_name("FILE")
        ->expected(1)
        ->allow_extra_args(false)  // what follows is a URL
        ->take_all();
    app.add_flag("-O,--remote-name", options.remote_name, "Write it to a file of the name that the URL ends in");
    app.add_option("-C,--continue-at", options.continue_at,
                   "Go on with the file of -o at this offset; - is where it ends")
        ->type_name("OFFSET");
    app.add_flag("-i,--include", options.include_head, "Write the head of the response as well");
    app.add_flag("-I,--head", options.head_only, "Ask for the head only, and write it");
    app.add_flag("-f,--fail", options.fail_on_error, "End with 22 when the status is 400 or above, and write no body");
    app.add_flag("-v,--verbose", options.verbose, "Show names, connections, TLS, and the head of each message");
    app.add_flag("-s,--silent", options.silent, "Show no progress, which a terminal gets with -o");
    app.add_flag("--timing", options.timing, "Show how long each phase took");
    app.add_flag("--json", options.json,
                 "Print what happened, with its times, as JSON; the body is written with -o alone");
}

void declare_content(CLI::App& app, GetOptions& options) {
    app.add_option("-X,--request", options.method, "Method (default: GET; POST with -d and -F, PUT with -T)")
        ->type_name("METHOD");
    app.add_option("-d,--data", options.data,
                   "Send a body; @FILE is a file without its line ends, several are joined by &")
        ->type_name("DATA")
        ->expected(1)
        ->allow_extra_args(false)
        ->take_all();
    app.add_option("--data-binary", options.binary_data, "The same, with files as they are")
        ->type_name("DATA")
        ->expected(1)
        ->allow_extra_args(false)
        ->take_all();
    app.add_option("--data-urlencode", options.encoded_data,
                   "The same, percent-encoded: VALUE, NAME=VALUE, @FILE or NAME@FILE")
        ->type_name("DATA")
        ->expected(1)
        ->allow_extra_args(false)
        ->take_all();
    app.add_flag("-G,--get", options.data_in_query, "Put the data into the URL's query instead");
    app.add_option("-F,--form", options.form, "Send a form: NAME=VALUE, or NAME=@FILE[;type=TYPE][;filename=NAME]")
        ->type_name("PART")
        ->expected(1)
        ->allow_extra_args(false)
        ->take_all();
    app.add_option("-T,--upload-file", options.upload, "Send a file; - is standard input, as it comes")
        ->type_name("FILE");
    app.add_option("-H,--header", options.fields, "Send a header field; 'Name:' leaves one out")
        ->type_name("LINE")
        ->expected(1)
        ->allow_extra_args(false)
        ->take_all();
    app.add_option("-A,--user-agent", options.agent_name, "Send this name")->type_name("NAME");
    auto* user = app.add_option("-u,--user", options.user, "Send basic credentials");
    user->type_name("NAME:PASSWORD");
    app.add_flag("--digest", options.digest, "Log in by digest authentication instead")->needs(user);
    app.add_option("-b,--cookie", options.cookies, "Send cookies: NAME=VALUE, or a file as -c writes it")
        ->type_name("DATA|FILE")
        ->expected(1)
        ->allow_extra_args(false)
        ->take_all();
    app.add_option("-c,--cookie-jar", options.cookie_jar, "Keep cookies, and write them to a file at the end")
        ->type_name("FILE");
    app.add_flag("--compressed", options.compressed, "Ask for compressed content, and write it decompressed");
}

void declare_way(CLI::App& app, GetOptions& options) {
    app.add_flag("-L,--location", options.location, "Follow redirections");
    app.add_option("--max-redirs,--max-redirects", options.redirections, "At most so many of them (default: 50)")
        ->type_name("N");
    app.add_option("--retry", options.retries, "Try again after failures that may pass, so often at most")
        ->type_name("N");
    app.add_option("--retry-delay", options.retry_delay,
                   "So long after each (default: 1, then twice as long each time)")
        ->type_name("SECONDS")
        ->check(CLI::PositiveNumber.description(""));
    app.add_option("-x,--proxy", options.proxy,
                   "Go through a proxy (default: http_proxy, https_proxy; over our own "
                   "TCP none)")
        ->type_name("[http[s]://|socks5://][NAME:PASSWORD@]HOST[:PORT]");
    auto* user = app.add_option("-U,--proxy-user", options.proxy_user, "Log in to the proxy");
    user->type_name("NAME:PASSWORD");
    app.add_flag("--proxy-digest", options.proxy_digest, "By digest authentication (default: by basic credentials)");
    app.add_option("--noproxy", options.no_proxy,
                   "Go there without one: names, addresses, prefixes, or '*' "
                   "(default: no_proxy)")
        ->type_name("LIST");
    app.add_flag("-p,--proxytunnel", options.proxy_tunnel, "Go through it by CONNECT for http URLs too");
    app.add_flag("-k,--insecure", options.insecure, "Take any certificate of a server");
    app.add_option("--cacert", options.ca_file, "Trust these certificates (default: the system's)")->type_name("FILE");
    app.add_option("-E,--cert", options.certificate,
                   "Show this certificate to servers that ask for one, PEM, those that lead to the root behind it")
        ->type_name("FILE");
    app.add_option("--key", options.key, "The key that belongs to it (default: it is in the same file)")
        ->type_name("FILE");
    auto* v4 = app.add_flag("-4,--ipv4", options.only_v4, "Use IPv4 addresses only");
    app.add_flag("-6,--ipv6", options.only_v6, "Use IPv6 addresses only")->excludes(v4);
    app.add_option("--connect-timeout", options.connect_timeout, "Limit for the connection (default: 10)")
        ->type_name("SECONDS")
        ->check(CLI::PositiveNumber.description(""));
    app.add_option("-m,--max-time", options.max_time, "Limit for each URL (default: none)")
        ->type_name("SECONDS")
        ->check(CLI::PositiveNumber.description(""));
    app.add_option("--limit", options.limits, "Limit for a phase: resolve, connect, tls, response, stalled")
        ->type_name("PHASE=SECONDS")
        ->expected(1)
        ->allow_extra_args(false)
        ->take_all();
    app.add_option("--resolver", options.resolver, "Name server to ask (default: those of /etc/resolv.conf)")
        ->type_name("ADDR[:PORT]");
    app.add_option("--address", options.address, "Our own host's address on the device (default: 10.0.0.2/24)")
        ->type_name("ADDR[/LEN]");
}

}  // namespace

void declare_options(CLI::App& app, GetOptions& options) {
    declare_output(app, options);
    declare_content(app, options);
    declare_way(app, options);
    declare(app, options.network);
    app.footer(
        "A program behind '--' is a server to fetch from: it is started first, and ended at the end. From\n"
        "where our own host is, the kernel's addresses are 10.0.0.1 and fd00:6867::1.\n"
        "\n"
        "Exit codes, as curl's: 0 done, 2 bad input, 6 no address for the name, 7 no connection, 22 status\n"
        "of 400 or above with -f, 23 output can't be written, 26 what is sent can't be read, 28 time is up,\n"
        "33 the server does not go on with the file, 35 no TLS, 47 too many redirections, 56 the response\n"
        "is broken off, 60 the certificate is not right, 61 the content can't be decompressed.\n"
        "\n"
        "Examples:\n"
        "  hourglass get -v https://example.com/                                 (over the system's TCP)\n"
        "  hourglass get -L --compressed --timing example.com -o page.html\n"
        "  hourglass get --retry 3 -C - https://example.com/large.iso -o large.iso\n"
        "  hourglass get -b jar -c jar -d user=me --data-urlencode 'text@note.txt' http://10.0.0.1/login\n"
        "  hourglass get -F 'name=Ada' -F 'photo=@ada.jpg;type=image/jpeg' http://10.0.0.1/people\n"
        "  hourglass get http://10.0.0.1:8000/ --rootless -- python3 -m http.server\n"
        "  hourglass get http://example.com/ --resolver 1.1.1.1 --tun hg0   (with NAT behind hg0)\n");
}

}  // namespace hourglass::cli
