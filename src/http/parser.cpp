#include "hourglass/http/parser.h"

#include <algorithm>

#include "hourglass/http/body.h"
#include "http/chunked.h"
#include "http/framing.h"
#include "http/head_parser.h"

namespace hourglass::http {

namespace detail {

/// What requests and responses have in common: a head, then a body by its framing.
class MessageMachine {
  public:
    MessageMachine(HeadParser::Kind kind, const Limits& limits)
        : limits_(limits), head_(kind, limits), chunked_(limits), body_limit_(limits.body) {}

    std::expected<ParseStep, Error> fail(Error error) {
        failure_ = error;
        return std::unexpected(error);
    }
    [[nodiscard]] bool between_messages() const noexcept {
        return phase_ == Phase::ended || (phase_ == Phase::head && !head_.begun());
    }

    /// `take_head` makes a message of the head that is complete and returns its framing.
    template <typename TakeHead>
    std::expected<ParseStep, Error> parse(std::span<const std::byte> bytes, TakeHead take_head) {
        if (failure_) return std::unexpected(*failure_);
        if (phase_ == Phase::ended) begin_message();
        if (phase_ == Phase::body) return parse_body(bytes);
        const auto result = head_.feed(as_text(bytes));
        if (!result) return fail(result.error());
        if (!result->complete) return ParseStep{ParseStep::Kind::need_more, bytes.size(), {}};
        const std::expected<BodyFraming, Error> framing = take_head(head_);
        if (!framing) return fail(framing.error());
        framing_ = *framing;
        remaining_ = framing_.length;
        phase_ = Phase::body;
        return ParseStep{ParseStep::Kind::head, result->consumed, {}};
    }

    std::expected<ParseStep, Error> parse_body(std::span<const std::byte> bytes) {
        switch (framing_.kind) {
            case BodyFraming::Kind::none:
                return end(0);
            case BodyFraming::Kind::length:
                return parse_length(bytes);
            case BodyFraming::Kind::chunked:
                return parse_chunked(bytes);
            case BodyFraming::Kind::until_close:
            case BodyFraming::Kind::tunnel:
                break;
        }
        if (bytes.empty()) return ParseStep{};
        return data(bytes.size(), bytes);
    }

    std::expected<ParseStep, Error> finish() {
        if (failure_) return std::unexpected(*failure_);
        if (between_messages()) return ParseStep{};
        if (phase_ == Phase::body) {
            const bool complete = framing_.kind == BodyFraming::Kind::until_close ||
                                  framing_.kind == BodyFraming::Kind::tunnel ||
                                  framing_.kind == BodyFraming::Kind::none ||
                                  (framing_.kind == BodyFraming::Kind::length && remaining_ == 0);
            if (complete) return end(0);
        }
        return fail(Error::incomplete_message);
    }

    Limits limits_;
    HeadParser head_;
    ChunkedDecoder chunked_;
    BodyFraming framing_;
    std::uint64_t body_limit_;

  private:
    enum class Phase : std::uint8_t { head, body, ended };

    void begin_message() {
        head_.reset();
        if (framing_.kind == BodyFraming::Kind::chunked) chunked_.reset();
        framing_ = {};
        body_limit_ = limits_.body;
        received_ = 0;
        phase_ = Phase::head;
    }
    std::expected<ParseStep, Error> end(std::size_t consumed) {
        phase_ = Phase::ended;
        return ParseStep{ParseStep::Kind::end, consumed, {}};
    }
    std::expected<ParseStep, Error> data(std::size_t consumed, std::span<const std::byte> bytes) {
        const std::uint64_t allowed = body_limit_ - received_;
        if (allowed == 0) return fail(Error::content_too_large);
        if (bytes.size() > allowed) {  // all that is allowed is still delivered, however the input is split
            bytes = bytes.first(static_cast<std::size_t>(allowed));
            failure_ = Error::content_too_large;
        }
        received_ += bytes.size();
        return ParseStep{ParseStep::Kind::body, consumed, bytes};
    }
    std::expected<ParseStep, Error> parse_length(std::span<const std::byte> bytes) {
        if (framing_.length > body_limit_) return fail(Error::content_too_large);
        if (remaining_ == 0) return end(0);
        if (bytes.empty()) return ParseStep{};
        const auto n = static_cast<std::size_t>(std::min<std::uint64_t>(remaining_, bytes.size()));
        remaining_ -= n;
        return data(n, bytes.first(n));
    }
    std::expected<ParseStep, Error> parse_chunked(std::span<const std::byte> bytes) {
        const auto step = chunked_.decode(as_text(bytes));
        if (!step) return fail(step.error());
        if (step->kind == ChunkedDecoder::Kind::end) return end(step->consumed);
        if (step->kind == ChunkedDecoder::Kind::data) return data(step->consumed, as_bytes(step->data));
        return ParseStep{ParseStep::Kind::need_more, step->consumed, {}};
    }

    Phase phase_ = Phase::head;
    std::uint64_t remaining_ = 0;
    std::uint64_t received_ = 0;
    std::optional<Error> failure_;
};

class RequestMachine : public MessageMachine {
  public:
    explicit RequestMachine(const Limits& limits) : MessageMachine(HeadParser::Kind::request, limits) {}

    std::expected<BodyFraming, Error> take_head(HeadParser& head) {
        if (head.method() != request_.method.name()) request_.method = Method(head.method());
        request_.target = head.target();
        request_.version = head.version();
        head.move_fields_to(request_.fields);
        if (!is_plain_target() && !Target::parse(request_.method, request_.target))
            return std::unexpected(Error::invalid_target);
        return request_framing(request_);
    }
    /// The origin-form, as nearly always; that all of it is visible the head's parser has seen.
    [[nodiscard]] bool is_plain_target() const noexcept {
        return request_.target.starts_with('/') && request_.method.known() != Method::connect &&
               request_.target.find('#') == std::string::npos;
    }

    Request request_;
};

class ResponseMachine : public MessageMachine {
  public:
    explicit ResponseMachine(const Limits& limits) : MessageMachine(HeadParser::Kind::response, limits) {}

    std::expected<BodyFraming, Error> take_head(HeadParser& head) {
        response_.reason = head.reason();
        response_.status = head.status();
        response_.version = head.version();
        head.move_fields_to(response_.fields);
        return response_framing(response_, method_);
    }

    Response response_;
    Method method_;
};

}  // namespace detail

RequestParser::RequestParser(const Limits& limits) : machine_(std::make_unique<detail::RequestMachine>(limits)) {}
RequestParser::RequestParser(RequestParser&&) noexcept = default;
RequestParser& RequestParser::operator=(RequestParser&&) noexcept = default;
RequestParser::~RequestParser() = default;

std::expected<ParseStep, Error> RequestParser::parse(std::span<const std::byte> bytes) {
    return machine_->parse(bytes, [this](detail::HeadParser& head) { return machine_->take_head(head); });
}
const Request& RequestParser::request() const noexcept { return machine_->request_; }
Request RequestParser::take_request() { return std::move(machine_->request_); }
void RequestParser::give_back(Request&& spent) noexcept {
    machine_->request_ = std::move(spent);
    machine_->request_.body.clear();
    machine_->request_.trailers.clear();
    machine_->request_.path_parameters.clear();
}
BodyFraming RequestParser::framing() const noexcept { return machine_->framing_; }
const Fields& RequestParser::trailers() const noexcept { return machine_->chunked_.trailers(); }
void RequestParser::set_body_limit(std::uint64_t bytes) noexcept { machine_->body_limit_ = bytes; }
bool RequestParser::between_messages() const noexcept { return machine_->between_messages(); }

ResponseParser::ResponseParser(const Limits& limits) : machine_(std::make_unique<detail::ResponseMachine>(limits)) {}
ResponseParser::ResponseParser(ResponseParser&&) noexcept = default;
ResponseParser& ResponseParser::operator=(ResponseParser&&) noexcept = default;
ResponseParser::~ResponseParser() = default;

void ResponseParser::expect(const Method& method) noexcept { machine_->method_ = method; }
std::expected<ParseStep, Error> ResponseParser::parse(std::span<const std::byte> bytes) {
    return machine_->parse(bytes, [this](detail::HeadParser& head) { return machine_->take_head(head); });
}
std::expected<ParseStep, Error> ResponseParser::finish() { return machine_->finish(); }
const Response& ResponseParser::response() const noexcept { return machine_->response_; }
Response ResponseParser::take_response() { return std::exchange(machine_->response_, Response()); }
BodyFraming ResponseParser::framing() const noexcept { return machine_->framing_; }
const Fields& ResponseParser::trailers() const noexcept { return machine_->chunked_.trailers(); }
bool ResponseParser::between_messages() const noexcept { return machine_->between_messages(); }

}  // namespace hourglass::http
