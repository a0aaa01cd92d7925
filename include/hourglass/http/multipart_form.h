#pragma once

#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "hourglass/http/body.h"

namespace hourglass::http {

/// A form of `multipart/form-data` (RFC 7578) that is written: fields and files, sent as they are read.
class MultipartForm {
  public:
    using Open = std::function<std::unique_ptr<BodySource>()>;

    /// `boundary` must be 1 to 70 characters of RFC 2046, section 5.1.1, that are in no part: random ones.
    explicit MultipartForm(std::string boundary) : boundary_(std::move(boundary)) {}

    /// A field. The media type may be empty, which means plain text.
    void add_field(std::string_view name, std::string value, std::string_view media_type = {});
    /// A file; `open` gives its content each time that the form is sent.
    void add_file(std::string_view name, std::string_view file_name, std::string_view media_type, Open open);

    /// For Content-Type.
    [[nodiscard]] std::string content_type() const { return "multipart/form-data; boundary=" + boundary_; }
    /// The whole form; its size is known when the sizes of all files are.
    [[nodiscard]] std::unique_ptr<BodySource> body() const;

  private:
    struct Part {
        std::string header{};
        Open content{};
    };
    std::string boundary_;
    std::vector<Part> parts_;
};

}  // namespace hourglass::http
