#include "hourglass/http/server.h"

#include "http/server_engine.h"

namespace hourglass::http {

bool Responder::respond(Response response) const { return respond(std::move(response), nullptr); }

bool Responder::respond(Response response, std::unique_ptr<BodySource> body) const {
    const auto engine = ticket_ == nullptr ? nullptr : ticket_->engine.lock();
    if (engine == nullptr || !engine->awaited(ticket_->sequence)) return false;
    ticket_->filter(response, body);
    return engine->respond(ticket_->sequence, std::move(response), std::move(body));
}

bool Responder::upgrade(Response switching, std::unique_ptr<Upgraded> protocol) const {
    const auto engine = ticket_ == nullptr ? nullptr : ticket_->engine.lock();
    const auto name = switching.fields.get("Upgrade");
    if (engine == nullptr || !engine->awaited(ticket_->sequence) || protocol == nullptr) return false;
    if (switching.status != Status::switching_protocols || !name || !offers_upgrade(ticket_->request, *name))
        return false;
    std::unique_ptr<BodySource> body;
    ticket_->filter(switching, body);
    return engine->upgrade(ticket_->sequence, std::move(switching), std::move(protocol));
}

void Responder::on_response(ResponseFilter filter) const {
    if (ticket_ != nullptr) ticket_->filters.push_back(std::move(filter));
}

void Responder::set_path_parameters(std::vector<std::pair<std::string, std::string>> parameters) const {
    if (ticket_ != nullptr) ticket_->request.path_parameters = std::move(parameters);
}

bool Responder::inform(Response interim) const {
    const auto engine = ticket_ == nullptr ? nullptr : ticket_->engine.lock();
    return engine != nullptr && engine->inform(ticket_->sequence, interim);
}

void Responder::on_departure(std::function<void()> departed) const {
    const auto engine = ticket_ == nullptr ? nullptr : ticket_->engine.lock();
    if (engine != nullptr) engine->on_departure(ticket_->sequence, std::move(departed));
}

const Request& Responder::request() const { return ticket_->request; }

SocketAddress Responder::client() const { return ticket_->client; }

bool Responder::awaited() const {
    const auto engine = ticket_ == nullptr ? nullptr : ticket_->engine.lock();
    return engine != nullptr && engine->awaited(ticket_->sequence);
}

ServerConnection::ServerConnection(const Application& application, const ServerSettings& settings, SocketAddress client)
    : ServerConnection(std::shared_ptr<const Application>(std::shared_ptr<void>(), &application),
                       std::make_shared<const ServerSettings>(settings), client) {}
ServerConnection::ServerConnection(std::shared_ptr<const Application> application,
                                   std::shared_ptr<const ServerSettings> settings, SocketAddress client)
    : engine_(std::make_shared<detail::ServerEngine>(std::move(application), std::move(settings), client)) {}
ServerConnection::~ServerConnection() {
    engine_->changed_ = nullptr;  // whoever owns the connection is about to go, too
    engine_->depart(true);
}

void ServerConnection::set_application(std::shared_ptr<const Application> application) {
    engine_->set_application(std::move(application));
}
void ServerConnection::set_client(const SocketAddress& client) { engine_->set_client(client); }
void ServerConnection::receive(std::span<const std::byte> bytes) { engine_->receive(bytes); }
void ServerConnection::peer_closed() { engine_->peer_closed(); }
bool ServerConnection::wants_input() const { return engine_->wants_input(); }
std::span<const std::byte> ServerConnection::output() const {
    std::span<const std::byte> piece;
    engine_->output(std::span(&piece, 1));
    return piece;
}
std::size_t ServerConnection::output(std::span<std::span<const std::byte>> pieces) const {
    return engine_->output(pieces);
}
std::size_t ServerConnection::output_size() const { return engine_->output_size(); }
void ServerConnection::consume_output(std::size_t n) { engine_->consume_output(n); }
void ServerConnection::send_from_files() { engine_->send_from_files(); }
std::optional<FilePart> ServerConnection::file_output() const { return engine_->file_output(); }
void ServerConnection::consume_file_output(std::optional<std::uint64_t> n) { engine_->consume_file_output(n); }
void ServerConnection::on_change(std::function<void()> changed) { engine_->changed_ = std::move(changed); }
bool ServerConnection::should_close() const { return engine_->should_close(); }
bool ServerConnection::ends_with_output() const { return engine_->ends_with_output(); }
bool ServerConnection::should_shutdown() const { return engine_->should_shutdown(); }
bool ServerConnection::client_is_done() const { return engine_->client_is_done(); }
bool ServerConnection::should_abort() const { return engine_->should_abort(); }
bool ServerConnection::idle() const { return engine_->idle(); }
bool ServerConnection::reading_head() const { return engine_->reading_head(); }
bool ServerConnection::reading_body() const { return engine_->reading_body(); }
bool ServerConnection::awaits_application() const { return engine_->awaits_application(); }
bool ServerConnection::upgraded() const { return engine_->upgraded_ != nullptr; }
void ServerConnection::close_when_idle() { engine_->close_when_idle(); }
void ServerConnection::time_out() { engine_->time_out(); }
std::optional<Error> ServerConnection::error() const { return engine_->error_; }
std::uint64_t ServerConnection::requests() const { return engine_->requests_; }

}  // namespace hourglass::http
