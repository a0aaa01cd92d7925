"""Our request parser beside h11 and llhttp: the same inputs, and a reason for every difference.

Usage: compare.py CORPUS_FOLDER COUNT SEED VERDICTS [LLHTTP.js]

Inputs are the messages of the smuggling corpus and others, and what comes of them by small changes. A difference is a
name: "strict" with our error where we refuse what the other takes or still waits for, "lax" with the other's error where
it is the reverse, "different" where both read a request and not the same one. REASONS has the clause for each; one that
is not listed is a failure.
"""
import collections
import glob
import random
import re
import subprocess
import sys

import h11

SEEDS = [
    b"GET /a?b=c HTTP/1.1\r\nHost: example.com\r\nAccept: */*\r\n\r\n",
    b"POST /form HTTP/1.1\r\nHost: a\r\nContent-Length: 5\r\n\r\nhello",
    b"POST /c HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n3;x=y\r\nabc\r\n0\r\nT: v\r\n\r\n",
    b"OPTIONS * HTTP/1.1\r\nHost: a\r\n\r\nDELETE /x HTTP/1.1\r\nHost: a\r\n\r\n",
    b"PUT http://example.com:80/x HTTP/1.1\r\nHost: example.com:80\r\nContent-Length: 0\r\n\r\n",
    b"HEAD / HTTP/1.0\r\nHost: [::1]:8080\r\nX-Empty:\r\nX-Spaces: \t a b \t\r\n\r\n",
]
PIECES = [b"\r\n", b"\n", b"\r", b" ", b"\t", b"\0", b":", b",", b";", b"\x7f", b"\x80", b"\xff", b"#", b"*", b"0", b"00",
          b"ffffffffffffffff", b"+1", b"-1", b"0x1", b"Host: b\r\n", b"Content-Length: 5\r\n", b"Content-Length: 6\r\n",
          b"Transfer-Encoding: chunked\r\n", b"Transfer-Encoding: gzip, chunked\r\n", b"Transfer-Encoding: identity\r\n",
          b" folded\r\n", b"X : y\r\n", b"HTTP/1.1", b"HTTP/1.0", b"HTTP/2.0", b"\r\n\r\n", b"\x0b", b"\"", b"\\", b"%00"]

# What is not by the same rules, and why. "*" stands for both others.
REASONS = {
    # We refuse it for what it says; others read on or over it.
    "*: strict bare_carriage_return": "RFC 9112, 2.2: a recipient of a bare CR must consider it invalid, or replace it",
    "*: strict bare_line_feed": "RFC 9112, 2.2: a recipient may take a single LF for a line's end, and need not",
    "*: strict invalid_method": "RFC 9112, 3.1: the method is a token; said at the first octet that is none",
    "*: strict method_too_long": "RFC 9112, 3: longer than any method that is implemented",
    "*: strict invalid_target": "RFC 9112, 3.2: one of four forms, each for its methods, of visible US-ASCII",
    "*: strict invalid_version": "RFC 9112, 2.3: HTTP-name, digit, dot, digit; HTTP/0.9 has no part in HTTP/1.1",
    "*: strict unsupported_version": "RFC 9110, 2.5: another major version is another protocol (505)",
    "*: strict start_line_too_long": "RFC 9112, 3: a limit",
    "*: strict too_many_empty_lines": "RFC 9112, 2.2: at least one empty line is ignored; four are",
    "*: strict leading_whitespace": "RFC 9112, 2.2: whitespace between start line and first field: refused",
    "*: strict obsolete_fold": "RFC 9112, 5.2: a server must reject a folded line or replace the fold",
    "*: strict whitespace_before_colon": "RFC 9112, 5.1: a server must reject it with 400",
    "*: strict invalid_field_name": "RFC 9110, 5.1: a field name is a token",
    "*: strict invalid_field_value": "RFC 9110, 5.5: CR, LF, NUL and other controls are not in a value",
    "*: strict field_section_too_large": "RFC 9110, 5.4: a limit (431)",
    "*: strict too_many_fields": "RFC 9110, 5.4: a limit (431)",
    "*: strict missing_host": "RFC 9112, 3.2: a server must answer HTTP/1.1 without Host with 400",
    "*: strict duplicate_host": "RFC 9112, 3.2: more than one Host: 400",
    "*: strict invalid_host": "RFC 9112, 3.2: a Host that is no host with a port: 400",
    "*: strict invalid_content_length": "RFC 9112, 6.3, item 5: not a number; a list of equal ones may be refused too",
    "*: strict duplicate_content_length": "RFC 9112, 6.3, item 5: even equal ones may be refused",
    "*: strict transfer_encoding_with_content_length": "RFC 9112, 6.1: a server may reject it as an attempt to smuggle",
    "*: strict transfer_encoding_in_http_1_0": "RFC 9112, 6.1: the framing is faulty, whatever follows",
    "*: strict unknown_transfer_coding": "RFC 9112, 6.1: a coding that is not understood: 501",
    "*: strict chunked_not_final": "RFC 9112, 6.3, item 4: the length is not known: 400",
    "*: strict content_too_large": "RFC 9112, 6.3: a length beyond 64 bits is not clipped",
    "*: strict invalid_chunk_size": "RFC 9112, 7.1: hexadecimal digits, as many as a length can have",
    "*: strict invalid_chunk_extension": "RFC 9112, 7.1.1: a name, and a value where there is a sign of equality",
    "*: strict chunk_extensions_too_large": "RFC 9112, 7.1.1: a server ought to limit their length",
    "*: strict invalid_chunk_end": "RFC 9112, 7.1: CRLF behind the data",
    "*: strict forbidden_trailer": "RFC 9110, 6.5.1: fields that frame or route are not for trailers",
    # We take it, or have not refused it yet.
    "h11: lax no-request-line-rece": "RFC 9112, 2.2: empty lines before a request line are ignored",
    "h11: lax illegal-chunk-header": "RFC 9112, 7.1.1: whitespace before an extension is allowed",
    "h11: lax illegal-request-line": "RFC 9112, 2.2: a CR alone can be the beginning of an empty line",
    "h11: lax multiple-transfer-en": "RFC 9110, 5.3: the lines of a list are one list",
    "h11: lax only-transfer-encodi": "RFC 9110, 5.6.1.2: empty members of a list are ignored",
    "llhttp: lax HPE_INVALID_METHOD": "RFC 9110, 9.1: methods can be other tokens than it knows",
    "llhttp: lax HPE_INVALID_VERSION": "RFC 9110, 2.5: a higher minor version is understood as ours",
    "llhttp: lax HPE_INVALID_URL": "said when the head is complete, by the method (RFC 9112, 3.2)",
    "llhttp: lax HPE_INVALID_CONTENT_LENGTH": "said when the head is complete (RFC 9112, 6.3)",
    "llhttp: lax HPE_UNEXPECTED_CONTENT_LENGTH": "said when the head is complete (RFC 9112, 6.3)",
    "llhttp: lax HPE_INVALID_TRANSFER_ENCODING": "said when the head is complete (RFC 9112, 6.3)",
    "llhttp: lax HPE_STRICT": "RFC 9112, 7.1.1: whitespace around ';' and '=', and quoted strings, belong to extensions",
    "llhttp: lax HPE_INVALID_CHUNK_SIZE": "RFC 9112, 7.1.1: whitespace before an extension is allowed",
    "llhttp: strict more": "RFC 9112, 6.3: fields decide a request's length, also with CONNECT",
    "llhttp: lax HPE_CLOSED_CONNECTION": "a connection's business: it reads nothing behind a last request",
}


def unescape(line):
    line = re.sub(r"\\\{(\d+):([^}]*)\}", lambda m: m[2] * int(m[1]), line)
    known = {"r": b"\r", "n": b"\n", "t": b"\t", "\\": b"\\"}
    out = b""
    for part in re.findall(r"\\x[0-9a-fA-F]{2}|\\.|[^\\]+", line):
        if part.startswith("\\x"):
            out += bytes([int(part[2:], 16)])
        elif part.startswith("\\"):
            out += known[part[1]]
        else:
            out += part.encode()
    return out


def corpus(folder):
    for path in sorted(glob.glob(folder + "/*.txt")):
        if path.endswith("responses.txt"):
            continue
        message = None
        for line in open(path, encoding="utf-8").read().split("\n") + [""]:
            if line.startswith("|"):
                text = line[2:]
                goes_on = text.endswith("\\") and not text.endswith("\\\\")
                message = (message or b"") + unescape(text[:-1] if goes_on else text) + (b"" if goes_on else b"\r\n")
            elif message is not None:
                yield message
                message = None


def mutate(message, chance):
    for _ in range(chance.choice([1, 1, 1, 2, 3])):
        at, kind = chance.randrange(len(message) + 1), chance.randrange(5)
        if kind == 0:
            message = message[:at] + chance.choice(PIECES) + message[at:]
        elif kind == 1:
            message = message[:at] + message[at + chance.choice([1, 1, 2, 8]):]
        elif kind == 2:
            message = message[:at] + bytes([chance.randrange(256)]) + message[at + 1:]
        elif kind == 3:
            lines = message.split(b"\r\n")
            i, j = chance.randrange(len(lines)), chance.randrange(len(lines))
            lines[i], lines[j] = lines[j], lines[i] if chance.random() < 0.5 else lines[j]
            message = b"\r\n".join(lines)
        else:
            message = message[:at] + chance.choice(PIECES) + message[at + 1:]
    return message


def by_lines(command, inputs):
    text = "".join(i.hex() + "\n" for i in inputs)
    out = subprocess.run(command, input=text, capture_output=True, encoding="utf-8", errors="surrogateescape", check=True)
    verdicts = []
    for line in out.stdout.split("\n")[:-1]:
        requests, end = line.rsplit(";", 1)
        verdicts.append((requests.split("\t") if requests else [], end))
    return verdicts


def by_h11(message):
    connection = h11.Connection(h11.SERVER, max_incomplete_event_size=100_000)
    connection.receive_data(message)
    requests, current = [], None
    try:
        while True:
            event = connection.next_event()
            if isinstance(event, h11.Request):
                current = [event.method.decode(), event.target.decode("latin-1"), 0]
            elif isinstance(event, h11.Data):
                current[2] += len(event.data)
            elif isinstance(event, h11.EndOfMessage):
                requests.append("%s %s %d" % tuple(current))
                current = None
                connection.send(h11.Response(status_code=200, headers=[("Content-Length", "0")]))
                connection.send(h11.EndOfMessage())
                if connection.our_state is not h11.DONE:
                    return requests, "closed"
                connection.start_next_cycle()
            else:
                between = current is None and not connection.trailing_data[0]
                return requests, "end" if between else "more"
    except h11.LocalProtocolError:  # our answer to CONNECT opens a tunnel
        return requests, "closed"
    except h11.RemoteProtocolError as error:
        return requests, re.sub(r"[^a-z]+", "-", str(error).lower())[:20].strip("-")


def difference(ours, other):
    """The name of how they differ, or None."""
    waits = ("end", "more", "closed")
    for mine, its in zip(ours[0], other[0]):
        if mine != its:
            return "different"
    if len(ours[0]) > len(other[0]):
        return None if other[1] == "closed" else "lax " + other[1]
    if len(ours[0]) < len(other[0]):
        return "strict " + ours[1]
    if ours[1] not in waits and other[1] in ("end", "more"):
        return "strict " + ours[1]
    if ours[1] in waits and other[1] not in waits:
        return "lax " + other[1]
    return None


def main():
    folder, count, seed, program = sys.argv[1], int(sys.argv[2]), int(sys.argv[3]), sys.argv[4]
    chance = random.Random(seed)
    base = SEEDS + list(corpus(folder))
    inputs = base + [mutate(chance.choice(base), chance) for _ in range(count)]
    ours = by_lines([program], inputs)
    others = {"h11": [by_h11(i) for i in inputs]}
    if len(sys.argv) > 5:
        others["llhttp"] = by_lines(["node", "--no-deprecation", sys.argv[5]], inputs)

    found, example = collections.Counter(), {}
    for name, verdicts in others.items():
        for text, mine, its in zip(inputs, ours, verdicts):
            how = difference(mine, its)
            if how is None:
                continue
            key = f"{name}: {how}"
            found[key] += 1
            if key not in example or len(text) < len(example[key][0]):
                example[key] = (text, mine, its)
    unknown = [k for k in found if k not in REASONS and "*" + k[k.index(":"):] not in REASONS]
    for key, number in sorted(found.items()):
        if key in unknown:
            print(f"{number:6} {key}\n       NO REASON is listed; the shortest: {example[key]}")
    print(f"{len(inputs)} inputs, {sum(found.values())} differences of {len(found)} kinds from {', '.join(others)}, "
          f"{len(unknown)} kinds without a reason")
    sys.exit(1 if unknown else 0)


main()
