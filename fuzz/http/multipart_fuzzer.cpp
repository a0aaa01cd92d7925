#include <string_view>

#include "hourglass/http/form.h"
#include "hourglass/http/multipart.h"
#include "transcript.h"

using namespace hourglass::http;

namespace {

/// What a reader reports for a body in pieces of `piece` bytes.
std::string transcribe(std::string_view body, std::size_t piece) {
    MultipartLimits limits;
    limits.parts = 20;
    limits.header = 512;
    limits.preamble = 256;
    limits.part = 512;
    MultipartReader reader("b", limits);
    std::string out;
    std::size_t certain = 0;  ///< what a limit that strikes within a part's content leaves, however it is split
    while (!body.empty()) {
        reader.feed(as_bytes(body.substr(0, piece)));
        body.remove_prefix(std::min(piece, body.size()));
        for (bool more = true; more;) {
            const auto event = reader.next();
            if (!event) return out.substr(0, certain) + std::string(to_string(event.error()));
            more = event->kind != MultipartReader::Kind::need_more && event->kind != MultipartReader::Kind::end;
            if (event->kind == MultipartReader::Kind::part) {
                out += "\npart " + reader.name() + "/" + reader.file_name().value_or("") + "=";
                fuzz::describe(out, reader.fields());
                out += "=";
            }
            if (event->kind == MultipartReader::Kind::data) out += as_text(event->data);
            if (event->kind == MultipartReader::Kind::part_end) out += "\nend";
            if (event->kind != MultipartReader::Kind::data && event->kind != MultipartReader::Kind::need_more)
                certain = out.size();
        }
    }
    return out.substr(0, certain) + (reader.finish() ? "complete" : "incomplete");
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    if (size == 0) return 0;
    const std::string_view text = as_text(std::as_bytes(std::span(data, size)));
    const std::string whole = transcribe(text.substr(1), size);
    fuzz::require(transcribe(text.substr(1), 1) == whole, "bytes one by one are read as the whole is");
    fuzz::require(transcribe(text.substr(1), data[0] + std::size_t{1}) == whole, "pieces are read as the whole is");
    static_cast<void>(MultipartReader::boundary(text));
    Request request;
    request.fields.add("Content-Type",
                       data[0] % 2 == 0 ? "multipart/form-data; boundary=b" : "application/x-www-form-urlencoded");
    request.body = text.substr(1);
    static_cast<void>(read_form(request));
    return 0;
}
