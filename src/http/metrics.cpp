#include <algorithm>
#include <array>
#include <fmt/format.h>

#include "hourglass/http/middleware.h"

namespace hourglass::http {

namespace {

using std::chrono::microseconds;

constexpr std::array<microseconds, 8> kBounds = {
    microseconds(100),     microseconds(1'000),   microseconds(5'000),     microseconds(25'000),
    microseconds(100'000), microseconds(500'000), microseconds(2'500'000), microseconds(10'000'000)};

double seconds(microseconds time) { return std::chrono::duration<double>(time).count(); }

}  // namespace

void Metrics::add(const AccessRecord& record) {
    static_assert(kBounds.size() == kBuckets);
    // Methods by enumerator: a client that invents names must not make the series grow.
    const auto method = static_cast<std::size_t>(Method(record.method).known());
    const std::size_t status_class = std::min<std::size_t>(to_number(record.status) / 100, kClasses - 1);
    ++requests_[method][status_class];
    for (std::size_t i = 0; i < kBuckets; ++i)
        if (record.took <= kBounds[i]) ++buckets_[i];
    bytes_ += record.size.value_or(0);
    sum_ += record.took;
    ++count_;
}

std::string Metrics::to_text() const {
    std::string out = "# HELP http_requests_total Requests that were answered.\n# TYPE http_requests_total counter\n";
    for (std::size_t m = 0; m < kMethods; ++m) {
        const auto known = static_cast<Method::Known>(m);
        const std::string_view name = known == Method::extension ? "other" : Method(known).name();
        for (std::size_t c = 0; c < kClasses; ++c)
            if (requests_[m][c] > 0)
                out +=
                    fmt::format("http_requests_total{{method=\"{}\",status=\"{}xx\"}} {}\n", name, c, requests_[m][c]);
    }
    out += fmt::format(
        "# HELP http_response_bytes_total Bytes of content whose length was known at the head.\n"
        "# TYPE http_response_bytes_total counter\nhttp_response_bytes_total {}\n"
        "# HELP http_request_duration_seconds From the request to the head of its answer.\n"
        "# TYPE http_request_duration_seconds histogram\n",
        bytes_);
    for (std::size_t i = 0; i < kBuckets; ++i)
        out += fmt::format("http_request_duration_seconds_bucket{{le=\"{}\"}} {}\n", seconds(kBounds[i]), buckets_[i]);
    out += fmt::format(
        "http_request_duration_seconds_bucket{{le=\"+Inf\"}} {0}\nhttp_request_duration_seconds_sum {1}\n"
        "http_request_duration_seconds_count {0}\n",
        count_, seconds(sum_));
    return out;
}

Handler Metrics::handler() const {
    return [this](const Request&, const Responder& responder) {
        responder.respond(Response::text(Status::ok, to_text(), "text/plain; version=0.0.4; charset=utf-8"));
    };
}

}  // namespace hourglass::http
