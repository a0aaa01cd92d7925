#include "cli/get_options.h"

#include <algorithm>
#include <cerrno>
#include <cstdio>
#include <fmt/core.h>
#include <fstream>
#include <iostream>
#include <iterator>
#include <system_error>

#include "cli/command.h"

namespace hourglass::cli {

namespace {

std::string read_all(std::istream& stream) { return {std::istreambuf_iterator<char>(stream), {}}; }

std::string read_file(const std::string& name) {
    if (name == "-") return read_all(std::cin);
    errno = 0;
    std::ifstream file(name, std::ios::binary);
    if (!file)
        throw Failure{kBadInput,
                      fmt::format("-d @{}: the file cannot be read: {}", name, std::generic_category().message(errno))};
    return read_all(file);
}

/// What one `-d` stands for. From files, `-d` leaves out line ends and NUL; `--data-binary` does not.
std::string content_of(const std::string& argument, bool binary) {
    if (!argument.starts_with('@')) return argument;
    std::string content = read_file(argument.substr(1));
    if (!binary) std::erase_if(content, [](char c) { return c == '\r' || c == '\n' || c == '\0'; });
    return content;
}

std::string joined_data(const GetOptions& options) {
    std::string body;
    auto add = [&body, first = true](std::string content) mutable {
        if (!first) body += '&';
        body += content;
        first = false;
    };
    for (const std::string& argument : options.data) add(content_of(argument, false));
    for (const std::string& argument : options.binary_data) add(content_of(argument, true));
    return body;
}

std::string_view trimmed(std::string_view text) {
    const auto begin = text.find_first_not_of(" \t");
    if (begin == std::string_view::npos) return {};
    return text.substr(begin, text.find_last_not_of(" \t") - begin + 1);
}

/// `Name: value` replaces or adds a field, `Name:` takes one out, `Name;` adds one without a value.
void apply_field(http::Fields& fields, const std::string& text) {
    const auto end = text.find_first_of(":;");
    const std::string_view name = std::string_view(text).substr(0, end);
    const std::string_view value = end == std::string::npos ? "" : trimmed(std::string_view(text).substr(end + 1));
    if (end == std::string::npos || !http::is_token(name) || (!value.empty() && !http::is_field_value(value)))
        throw Failure{kBadInput, fmt::format("-H '{}': not a header field; write it like 'Name: value'", text)};
    if (text[end] == ';')
        fields.add(name, "");
    else if (value.empty())
        fields.remove(name);
    else if (http::equals_ignoring_case(name, "Cookie") || !fields.contains(name))
        fields.add(name, value);
    else
        fields.set(name, value);
}

}  // namespace

http::Url parse_url(const std::string& text) {
    const auto url = http::Url::parse(text.find("://") == std::string::npos ? "http://" + text : text);
    if (!url)
        throw Failure{kBadInput, fmt::format("'{}' is not a URL: {}; write it like http://10.0.0.1/", text,
                                             http::to_string(url.error()))};
    if (url->scheme != "http")
        throw Failure{kBadInput, fmt::format("'{}': {} is not spoken here; use http://", text, url->scheme)};
    return *url;
}

http::Request make_request(const GetOptions& options, const http::Url& url) {
    const bool has_data = !options.data.empty() || !options.binary_data.empty();
    if (options.head_only && has_data)
        throw Failure{kBadInput, "-I asks for the head only and -d sends a body: give one of them"};
    http::Request request;
    request.method = options.head_only ? http::Method::head : has_data ? http::Method::post : http::Method::get;
    if (!options.method.empty()) {
        if (!http::is_token(options.method))
            throw Failure{kBadInput, fmt::format("-X '{}': not a method; write it like PUT", options.method)};
        request.method = http::Method(options.method);
    }
    request.target = url.request_target();
    request.fields = {{"Host", url.authority()}, {"User-Agent", "hourglass/" HOURGLASS_VERSION}, {"Accept", "*/*"}};
    if (has_data) {
        request.fields.add("Content-Type", "application/x-www-form-urlencoded");
        request.body = joined_data(options);
    }
    for (const std::string& text : options.fields) apply_field(request.fields, text);
    return request;
}

}  // namespace hourglass::cli
