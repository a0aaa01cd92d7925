#include "proxy/upstream_group.h"

#include <algorithm>
#include <fmt/format.h>
#include <utility>

namespace hourglass::proxy::detail {

UpstreamGroup::UpstreamGroup(const Surroundings& around, UpstreamConfiguration configuration)
    : around_(around),
      configuration_(std::move(configuration)),
      secure_(configuration_.tls && around_.secure_client ? around_.secure_client(configuration_.ca) : nullptr),
      balancer_(configuration_.balance, configuration_.servers) {
    const auto& check = configuration_.check;
    for (std::size_t i = 0; i < configuration_.servers.size(); ++i) {
        servers_.push_back({PassiveHealth(configuration_.max_fails, configuration_.fail_time),
                            CheckedHealth(check ? check->rise : 1, check ? check->fall : 1),
                            0,
                            0,
                            {}});
        if (!check) continue;
        const auto outcome = [this, i](bool good, const std::string& why) {
            if (!servers_[i].checked.checked(good)) return;
            around_.log(fmt::format("upstream {}: server {} is {}{}", configuration_.name,
                                    configuration_.servers[i].name, good ? "up again" : "down: ", why));
            if (good) serve_queue();
        };
        checks_.push_back(std::make_unique<HealthCheck>(around_.connector, around_.timers, around_.now, secure_.get(),
                                                        configuration_, i, outcome));
    }
}

UpstreamGroup::~UpstreamGroup() { shut_down(); }

bool UpstreamGroup::is_up(std::size_t server) const {
    const Server& s = servers_[server];
    // The only server is not set aside for failures: without it nothing works, either.
    return s.checked.up() && (servers_.size() == 1 || s.health.up(around_.now()));
}

void UpstreamGroup::submit(std::shared_ptr<UpstreamJob> job) {
    bool any_up = false;
    if (shut_down_) return job->on_refused(Refusal::shut_down);
    if (start(job, any_up)) return;
    if (!any_up) return job->on_refused(Refusal::no_server_up);
    if (queue_.size() >= configuration_.queue) return job->on_refused(Refusal::queue_full);
    queue_.push_back({std::move(job), around_.now() + configuration_.queue_time});
    around_.timers.update(*this);
}

void UpstreamGroup::forget(const UpstreamJob& job) {
    std::erase_if(queue_, [&](const Waiting& waiting) { return waiting.job.get() == &job; });
}

/// Servers that are for need come after all others.
bool UpstreamGroup::start(const std::shared_ptr<UpstreamJob>& job, bool& any_up) {
    for (const bool backup : {false, true}) {
        std::vector<Candidate> candidates(servers_.size());
        for (std::size_t i = 0; i < servers_.size(); ++i) {
            const Server& server = servers_[i];
            candidates[i].active = server.active;
            if (configuration_.servers[i].backup != backup || !is_up(i)) continue;
            if (std::ranges::find(job->tried, i) != job->tried.end()) continue;
            any_up = true;
            candidates[i].usable = server.open < configuration_.connections || !server.idle.empty();
        }
        if (const auto chosen = balancer_.choose(candidates, job->hash)) {
            assign(*chosen, job);
            return true;
        }
        if (any_up) return false;
    }
    return false;
}

void UpstreamGroup::assign(std::size_t number, const std::shared_ptr<UpstreamJob>& job) {
    Server& server = servers_[number];
    UpstreamConnection* connection = nullptr;
    if (!server.idle.empty() && job->fresh_connection && server.open >= configuration_.connections)
        server.idle.front()->close();
    if (!server.idle.empty() && !job->fresh_connection) {
        connection = server.idle.back();
        server.idle.pop_back();
    } else {
        auto opened = std::make_unique<UpstreamConnection>(
            UpstreamConnection::Surroundings{around_.connector, around_.timers, around_.now, secure_.get(), *this},
            configuration_, number);
        connection = opened.get();
        connections_.emplace(connection, std::move(opened));
        ++server.open;
    }
    ++server.active;
    job->on_assigned(number, *connection);
    connection->run(job);
}

void UpstreamGroup::on_idle(UpstreamConnection& connection) {
    Server& server = servers_[connection.server()];
    --server.active;
    server.idle.push_back(&connection);
    serve_queue();
    // It may have found a request; otherwise the one that has waited longest makes room.
    if (retired_ || server.idle.size() > configuration_.keepalive)
        if (!server.idle.empty()) server.idle.front()->close();
}

void UpstreamGroup::on_spent(UpstreamConnection& connection) {
    Server& server = servers_[connection.server()];
    --server.open;
    if (std::erase(server.idle, &connection) == 0) --server.active;
    serve_queue();
}

void UpstreamGroup::on_gone(UpstreamConnection& connection) { connections_.erase(&connection); }

void UpstreamGroup::serve_queue() {
    while (!queue_.empty()) {
        const std::shared_ptr<UpstreamJob> job = queue_.front().job;
        bool any_up = false;
        if (job->wanted()) {
            // Out of the queue first: what happens to it may come back here.
            const Instant until = queue_.front().until;
            queue_.pop_front();
            if (!start(job, any_up)) {
                queue_.push_front({job, until});
                break;
            }
        } else {
            queue_.pop_front();
        }
    }
}

Instant UpstreamGroup::deadline() const { return queue_.empty() ? kNever : queue_.front().until; }

void UpstreamGroup::run_out(Instant now) {
    while (!queue_.empty() && queue_.front().until <= now) {
        const std::shared_ptr<UpstreamJob> job = std::move(queue_.front().job);
        queue_.pop_front();
        job->on_refused(Refusal::queue_time);
    }
    around_.timers.update(*this);
}

void UpstreamGroup::succeeded(std::size_t server) { servers_[server].health.succeeded(); }

void UpstreamGroup::failed(std::size_t server, std::string_view why) {
    if (!servers_[server].health.failed(around_.now()) || servers_.size() == 1) return;
    around_.log(fmt::format("upstream {}: server {} is set aside for {} s: {}", configuration_.name,
                            configuration_.servers[server].name, to_seconds(configuration_.fail_time), why));
}

void UpstreamGroup::retire() {
    retired_ = true;
    checks_.clear();
    for (Server& server : servers_)
        while (!server.idle.empty()) server.idle.back()->close();
}

void UpstreamGroup::shut_down() {
    retired_ = shut_down_ = true;
    around_.timers.remove(*this);
    checks_.clear();
    for (const Waiting& waiting : std::exchange(queue_, {})) waiting.job->on_refused(Refusal::shut_down);
    for (const auto& [connection, owned] : std::exchange(connections_, {})) connection->abandon();
}

}  // namespace hourglass::proxy::detail
