#pragma once

#include <cstddef>
#include <expected>
#include <filesystem>
#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "hourglass/base/time.h"
#include "hourglass/runtime/setup_error.h"

namespace asio {
class io_context;
}

namespace hourglass::runtime {

/// Limits of a control socket.
struct ControlSettings {
    std::size_t max_clients = 16;                 ///< Further ones are turned away.
    std::size_t max_question = 256;               ///< Bytes of a question.
    Duration patience = std::chrono::seconds(5);  ///< From a client's coming to its going.
};

/// Answers questions about a running program over a Unix socket, readable by its user alone. A client sends one line,
/// gets one document and the end of the stream.
class ControlServer {
  public:
    /// The answer to a question, the line end left out.
    using Answer = std::function<std::string(std::string_view question)>;

    /// Listens at `path`; the socket goes when this object does. What a program that is gone has left there is
    /// replaced.
    static std::expected<std::unique_ptr<ControlServer>, SetupError> open(asio::io_context& context,
                                                                          const std::filesystem::path& path,
                                                                          Answer answer,
                                                                          const ControlSettings& settings = {});
    ~ControlServer();
    ControlServer(const ControlServer&) = delete;
    ControlServer& operator=(const ControlServer&) = delete;

    [[nodiscard]] const std::filesystem::path& path() const { return path_; }

  private:
    class Implementation;
    ControlServer(std::filesystem::path path, std::shared_ptr<Implementation> implementation);

    std::filesystem::path path_;
    std::shared_ptr<Implementation> implementation_;
};

/// Puts a question to the program that listens at `path` and waits for the whole answer, up to `limit`.
[[nodiscard]] std::expected<std::string, SetupError> ask(const std::filesystem::path& path, std::string_view question,
                                                         Duration limit = std::chrono::seconds(5));

/// The folder of this user's control sockets: `$XDG_RUNTIME_DIR/hourglass`, or `/tmp/hourglass-UID`. Makes it, with
/// mode 0700; an error when it is there and belongs to someone else.
[[nodiscard]] std::expected<std::filesystem::path, SetupError> control_folder();

/// The sockets in `folder` that a program answers on, sorted. What programs that are gone have left is removed.
[[nodiscard]] std::vector<std::filesystem::path> running_instances(const std::filesystem::path& folder);

}  // namespace hourglass::runtime
