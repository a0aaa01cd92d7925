#include "hourglass/runtime/control.h"

#include <algorithm>
#include <array>
#include <asio/io_context.hpp>
#include <asio/local/stream_protocol.hpp>
#include <asio/read_until.hpp>
#include <asio/steady_timer.hpp>
#include <asio/streambuf.hpp>
#include <asio/write.hpp>
#include <cerrno>
#include <cstdlib>
#include <fmt/core.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/time.h>
#include <sys/un.h>
#include <unistd.h>
#include <utility>

namespace hourglass::runtime {

namespace {

using Socket = asio::local::stream_protocol::socket;

SetupError failure(int error, std::string message) {
    return {std::error_code(error, std::generic_category()), std::move(message)};
}

std::string text_of(int error) { return std::generic_category().message(error); }

/// A descriptor that is closed at the end of its scope.
struct Descriptor {
    int number;
    explicit Descriptor(int n) : number(n) {}
    ~Descriptor() {
        if (number >= 0) ::close(number);
    }
    Descriptor(const Descriptor&) = delete;
    Descriptor& operator=(const Descriptor&) = delete;
};

/// Returns the error number.
int connect_to(const Descriptor& descriptor, const std::filesystem::path& path) {
    sockaddr_un address{};
    address.sun_family = AF_UNIX;
    const std::string& name = path.native();
    if (name.size() >= sizeof address.sun_path) return ENAMETOOLONG;
    name.copy(address.sun_path, sizeof address.sun_path - 1);
    if (descriptor.number < 0) return errno;
    return ::connect(descriptor.number, reinterpret_cast<const sockaddr*>(&address), sizeof address) < 0 ? errno : 0;
}

int new_socket() { return ::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0); }

bool is_socket_file(const std::filesystem::path& path) {
    std::error_code error;
    return std::filesystem::is_socket(path, error);
}

/// One client: a question read, an answer written.
class Session : public std::enable_shared_from_this<Session> {
  public:
    Session(Socket socket, const ControlServer::Answer& answer, const ControlSettings& settings)
        : socket_(std::move(socket)),
          timer_(socket_.get_executor()),
          question_(settings.max_question),
          answer_(answer),
          patience_(settings.patience) {}

    void start() {
        timer_.expires_after(patience_);
        timer_.async_wait([self = weak_from_this()](std::error_code error) {
            if (const auto session = self.lock(); session && !error) session->end();
        });
        asio::async_read_until(socket_, question_, '\n', [self = shared_from_this()](std::error_code error, size_t n) {
            if (!error) self->reply(n);
        });
    }

    void end() {
        std::error_code ignored;
        socket_.close(ignored);
    }

  private:
    void reply(std::size_t size) {
        const auto* bytes = static_cast<const char*>(question_.data().data());
        text_ = answer_(std::string_view(bytes, size - 1));
        asio::async_write(socket_, asio::buffer(text_),
                          [self = shared_from_this()](std::error_code, std::size_t) { self->end(); });
    }

    Socket socket_;
    asio::steady_timer timer_;
    asio::streambuf question_;
    std::string text_;
    const ControlServer::Answer& answer_;
    Duration patience_;
};

}  // namespace

class ControlServer::Implementation : public std::enable_shared_from_this<Implementation> {
  public:
    Implementation(asio::io_context& context, Answer answer, const ControlSettings& settings)
        : acceptor_(context), answer_(std::move(answer)), settings_(settings) {}

    std::error_code listen(const std::filesystem::path& path) {
        std::error_code error;
        acceptor_.open(asio::local::stream_protocol(), error);
        const mode_t mask = ::umask(S_IRWXG | S_IRWXO);
        if (!error) acceptor_.bind(asio::local::stream_protocol::endpoint(path.native()), error);
        ::umask(mask);
        if (!error) acceptor_.listen(asio::socket_base::max_listen_connections, error);
        if (!error) accept();
        return error;
    }

    void stop() {
        std::error_code ignored;
        acceptor_.close(ignored);
        for (const std::weak_ptr<Session>& client : clients_)
            if (const auto session = client.lock()) session->end();
    }

  private:
    void accept() {
        acceptor_.async_accept([self = shared_from_this()](std::error_code error, Socket socket) {
            if (error == asio::error::operation_aborted) return;
            if (!error) self->admit(std::move(socket));
            self->accept();
        });
    }

    void admit(Socket socket) {
        std::erase_if(clients_, [](const std::weak_ptr<Session>& client) { return client.expired(); });
        if (clients_.size() >= settings_.max_clients) return;
        const auto session = std::make_shared<Session>(std::move(socket), answer_, settings_);
        clients_.push_back(session);
        session->start();
    }

    asio::local::stream_protocol::acceptor acceptor_;
    Answer answer_;
    ControlSettings settings_;
    std::vector<std::weak_ptr<Session>> clients_;
};

std::expected<std::unique_ptr<ControlServer>, SetupError> ControlServer::open(asio::io_context& context,
                                                                              const std::filesystem::path& path,
                                                                              Answer answer,
                                                                              const ControlSettings& settings) {
    if (path.native().size() >= sizeof sockaddr_un::sun_path)
        return std::unexpected(failure(ENAMETOOLONG, fmt::format("'{}' is too long for a socket: a path of less than "
                                                                 "{} bytes is needed",
                                                                 path.native(), sizeof sockaddr_un::sun_path)));
    if (is_socket_file(path)) {
        if (connect_to(Descriptor(new_socket()), path) == 0)
            return std::unexpected(failure(EADDRINUSE, fmt::format("another program answers at '{}': choose another "
                                                                   "path",
                                                                   path.native())));
        std::error_code ignored;
        std::filesystem::remove(path, ignored);
    }
    auto implementation = std::make_shared<Implementation>(context, std::move(answer), settings);
    if (const std::error_code error = implementation->listen(path); error)
        return std::unexpected(
            SetupError{error, fmt::format("no socket can be made at '{}': {}", path.native(), error.message())});
    return std::unique_ptr<ControlServer>(new ControlServer(path, std::move(implementation)));
}

ControlServer::ControlServer(std::filesystem::path path, std::shared_ptr<Implementation> implementation)
    : path_(std::move(path)), implementation_(std::move(implementation)) {}

ControlServer::~ControlServer() {
    implementation_->stop();
    std::error_code ignored;
    std::filesystem::remove(path_, ignored);
}

std::expected<std::string, SetupError> ask(const std::filesystem::path& path, std::string_view question,
                                           Duration limit) {
    const Descriptor descriptor(new_socket());
    const auto problem = [&path](int error) {
        return std::unexpected(
            failure(error, fmt::format("no running instance answers at '{}': {}", path.native(), text_of(error))));
    };
    if (const int error = connect_to(descriptor, path); error != 0) return problem(error);
    timeval timeout{};
    timeout.tv_sec = std::chrono::duration_cast<std::chrono::seconds>(limit).count();
    timeout.tv_usec = to_us(limit) % 1'000'000;
    ::setsockopt(descriptor.number, SOL_SOCKET, SO_RCVTIMEO, &timeout, sizeof timeout);

    const std::string line = std::string(question) + '\n';
    if (::send(descriptor.number, line.data(), line.size(), MSG_NOSIGNAL) < 0) return problem(errno);
    std::string answer;
    std::array<char, 16384> piece;
    for (;;) {
        const ssize_t n = ::recv(descriptor.number, piece.data(), piece.size(), 0);
        if (n == 0) return answer;
        if (n < 0 && errno == EINTR) continue;
        if (n < 0) return problem(errno == EAGAIN ? ETIMEDOUT : errno);
        answer.append(piece.data(), static_cast<std::size_t>(n));
    }
}

std::expected<std::filesystem::path, SetupError> control_folder() {
    const char* runtime = std::getenv("XDG_RUNTIME_DIR");
    const std::filesystem::path folder = runtime != nullptr && *runtime == '/'
                                             ? std::filesystem::path(runtime) / "hourglass"
                                             : std::filesystem::path(fmt::format("/tmp/hourglass-{}", ::getuid()));
    if (::mkdir(folder.c_str(), S_IRWXU) < 0 && errno != EEXIST)
        return std::unexpected(failure(errno, fmt::format("the folder '{}' for control sockets cannot be made: {}",
                                                          folder.native(), text_of(errno))));
    struct stat status {};
    if (::lstat(folder.c_str(), &status) < 0 || !S_ISDIR(status.st_mode) || status.st_uid != ::getuid() ||
        (status.st_mode & (S_IRWXG | S_IRWXO)) != 0)
        return std::unexpected(failure(EACCES, fmt::format("'{}' is not a folder of this user alone: give another path "
                                                           "for the control socket",
                                                           folder.native())));
    return folder;
}

std::vector<std::filesystem::path> running_instances(const std::filesystem::path& folder) {
    std::vector<std::filesystem::path> result;
    std::error_code error;
    for (const auto& entry : std::filesystem::directory_iterator(folder, error)) {
        if (!is_socket_file(entry.path())) continue;
        const int failed = connect_to(Descriptor(new_socket()), entry.path());
        if (failed == 0)
            result.push_back(entry.path());
        else if (failed == ECONNREFUSED)
            std::filesystem::remove(entry.path(), error);
    }
    std::ranges::sort(result);
    return result;
}

}  // namespace hourglass::runtime
