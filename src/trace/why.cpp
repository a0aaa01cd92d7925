#include "hourglass/trace/why.h"

#include <algorithm>
#include <fmt/format.h>
#include <map>
#include <nlohmann/json.hpp>

#include "trace/event_tokens.h"
#include "trace/ladder_label.h"
#include "trace/text.h"

namespace hourglass::trace {

namespace {

// A chain of causes goes on for ever where data is answered with data; this far a reader follows.
constexpr std::size_t kMaxCauses = 12;
constexpr std::size_t kMaxEffects = 12;

/// How one end stood after its events up to some moment.
struct Standing {
    bool alive = false;
    tcp::State state = tcp::State::closed;
    MetricsUpdated metrics;
    bool measured = false;
    BlockedUpdated blocked;
    const Event* blocked_event = nullptr;
    tcp::RecoveryState recovery{};
    std::map<std::string_view, Instant> timers;
    const Event* last = nullptr;

    void take(const TimerUpdated& timer) {
        if (timer.change == TimerUpdated::Change::set)
            timers[timer.timer] = timer.at;
        else
            timers.erase(timer.timer);
    }
    void take(const Event& event) {
        if (const auto* change = event.as<StateUpdated>()) {
            state = change->after;
            alive = state != tcp::State::closed;
            if (!alive) timers.clear();
        } else if (const auto* numbers = event.as<MetricsUpdated>()) {
            metrics = *numbers;
            measured = true;
        } else if (const auto* limit = event.as<BlockedUpdated>()) {
            blocked = *limit;
            blocked_event = &event;
        } else if (const auto* phase = event.as<RecoveryUpdated>()) {
            recovery = phase->after;
        } else if (const auto* timer = event.as<TimerUpdated>()) {
            take(*timer);
        }
        last = &event;
    }
};

std::string when(Duration time) { return fmt::format("{:.3f} ms", to_seconds(time) * 1000); }

Because link_of(const EventLog& log, const Event& event) {
    return {event.id, log.since_epoch(event.time), log.hosts()[event.host], in_words(log, event),
            std::string(event.clause)};
}

std::vector<Because> causes_of(const EventLog& log, const Event& event) {
    std::vector<Because> chain;
    for (EventId id = event.cause; id != 0 && chain.size() < kMaxCauses;) {
        const Event* cause = log.find(id);
        if (cause == nullptr) break;
        chain.push_back(link_of(log, *cause));
        id = cause->cause;
    }
    return chain;
}

/// What followed from it at once: no numbers, which follow from everything.
std::vector<Because> effects_of(const EventLog& log, const Event& event) {
    std::vector<Because> effects;
    for (EventId id = event.id + 1; effects.size() < kMaxEffects; ++id) {
        const Event* next = log.find(id);
        if (next == nullptr) break;
        if (next->cause == event.id && next->as<MetricsUpdated>() == nullptr) effects.push_back(link_of(log, *next));
    }
    return effects;
}

std::string limit_text(const Standing& s) {
    const MetricsUpdated& m = s.metrics;
    const auto in_flight = static_cast<std::uint32_t>(m.snd_nxt - m.snd_una);
    switch (s.blocked.after) {
        case tcp::SendLimit::none:
            return "nothing has held it yet";
        case tcp::SendLimit::application:
            return "the application: all that it gave has been sent";
        case tcp::SendLimit::peer_window:
            return fmt::format("the peer's window: {} octets, of which {} are in flight; {} wait", grouped(m.snd_wnd),
                               grouped(in_flight), grouped(m.not_sent));
        case tcp::SendLimit::congestion_window:
            return fmt::format("the congestion window: {} octets, {} in the network; {} wait", grouped(m.cwnd),
                               grouped(m.pipe), grouped(m.not_sent));
        case tcp::SendLimit::nagle:
            return fmt::format(
                "Nagle's algorithm: {} octets are no full segment, and {} wait for their acknowledgement",
                grouped(m.not_sent), grouped(in_flight));
        case tcp::SendLimit::cork:
            return fmt::format("the cork: {} octets are no full segment", grouped(m.not_sent));
        case tcp::SendLimit::pacing:
            return fmt::format("pacing: {:.1f} Mbit/s; {} octets wait", m.pacing_rate * 8 / 1e6, grouped(m.not_sent));
    }
    return "";
}

Held held_by(const EventLog& log, const Standing& s) {
    Held held{.limit = s.blocked.after,
              .text = limit_text(s),
              .clause = std::string(tcp::clause_of(s.blocked.after)),
              .since = std::nullopt};
    if (s.blocked_event != nullptr) {
        held.since = log.since_epoch(s.blocked_event->time);
        held.event = s.blocked_event->id;
    }
    return held;
}

/// How the end stood once the round that sent `event` was over: what it was told of itself at that instant counts.
Standing standing_after(const EventLog& log, const Event& event) {
    Standing s;
    for (const Event& e : log.events()) {
        const bool later = e.id > event.id;
        if (later && e.time > event.time) break;
        if (e.end == event.end) s.take(e);
    }
    return s;
}

Answer answer_for(const EventLog& log, const Event& event, SegmentNumber number) {
    Answer answer{.event = event.id,
                  .segment = number,
                  .time = log.since_epoch(event.time),
                  .host = log.hosts()[event.host],
                  .what = in_words(log, event),
                  .clause = std::string(event.clause),
                  .causes = causes_of(log, event),
                  .effects = effects_of(log, event)};
    if (const auto* sent = event.as<SegmentSent>()) {
        // What it answers has the clause that asks for just this challenge.
        const Event* answered = sent->reason == tcp::SendReason::challenge_ack ? log.find(event.cause) : nullptr;
        if (answered != nullptr && !answered->clause.empty()) answer.clause = answered->clause;
        answer.reason = token(sent->reason);
        answer.why = tcp::to_string(sent->reason);
        if (const Event* original = log.find(sent->retransmit_of))
            if (const auto* first = original->as<SegmentSent>())
                answer.why +=
                    fmt::format("; it repeats segment {} of {}", first->number, when(log.since_epoch(original->time)));
        if (event.end != kNoEnd) answer.held = held_by(log, standing_after(log, event));
    } else if (const auto* received = event.as<SegmentReceived>()) {
        answer.reason = token(received->verdict);
        answer.why = tcp::to_string(received->verdict);
    } else if (const auto* dropped = event.as<SegmentDropped>()) {
        answer.reason = token(dropped->verdict);
        answer.why = tcp::to_string(dropped->verdict);
    } else if (const auto* fate = event.as<PacketFate>()) {
        answer.reason = token(fate->fate);
        answer.why = fate->fate == PacketFate::Fate::lost ? sim::to_string(fate->reason) : token(fate->fate);
    }
    return answer;
}

SegmentNumber number_of(const Event& event) {
    if (const auto* e = event.as<SegmentSent>()) return e->number;
    if (const auto* e = event.as<SegmentReceived>()) return e->number;
    if (const auto* e = event.as<SegmentDropped>()) return e->number;
    if (const auto* e = event.as<PacketFate>()) return e->number;
    return 0;
}

std::vector<std::string> state_text(const Standing& s, Instant moment) {
    std::vector<std::string> lines;
    if (s.measured) {
        const MetricsUpdated& m = s.metrics;
        lines.push_back(fmt::format("cwnd {}, ssthresh {}, in the network {}, peer's window {}, own window {}",
                                    grouped(m.cwnd), m.ssthresh == UINT32_MAX ? "none" : grouped(m.ssthresh),
                                    grouped(m.pipe), grouped(m.snd_wnd), grouped(m.rcv_wnd)));
        lines.push_back(fmt::format(
            "not sent {}, not read {}; round trip {}, timeout {}", grouped(m.not_sent), grouped(m.receive_queue),
            m.srtt > Duration::zero() ? duration_text(m.srtt) : "not measured", duration_text(m.rto)));
    }
    if (s.recovery != tcp::RecoveryState::open)
        lines.push_back(fmt::format("loss recovery: {}", tcp::to_string(s.recovery)));
    for (const auto& [timer, at] : s.timers)
        lines.push_back(
            fmt::format("the {} timer runs out {} later", timer, duration_text(std::max(at, moment) - moment)));
    return lines;
}

Answer answer_at(const EventLog& log, EndIndex end, const Standing& s, Instant moment) {
    const ConnectionEndpoint& point = log.connections()[end];
    Answer answer{.event = s.last->id,
                  .time = log.since_epoch(moment),
                  .host = log.hosts()[point.host],
                  .what = fmt::format(
                      "{} to {}, {}", SocketAddress{point.flow.local, point.flow.local_port}.to_string(),
                      SocketAddress{point.flow.remote, point.flow.remote_port}.to_string(), tcp::to_string(s.state)),
                  .state = state_text(s, moment)};
    answer.held = held_by(log, s);
    answer.reason = token(s.blocked.after);
    answer.why = answer.held->text;
    answer.clause = answer.held->clause;
    if (s.blocked_event != nullptr) answer.causes = causes_of(log, *s.blocked_event);
    return answer;
}

}  // namespace

std::vector<Answer> why_segment(const EventLog& log, SegmentNumber number) {
    std::vector<Answer> answers;
    if (number == 0) return answers;
    for (const Event& event : log.events()) {
        if (number_of(event) != number) continue;
        answers.push_back(answer_for(log, event, number));
        // Why it was sent has been said; that it was is enough for those that tell of its arrival.
        if (answers.size() > 1 && answers.back().causes.size() > 1) answers.back().causes.resize(1);
    }
    return answers;
}

std::vector<Answer> why_at(const EventLog& log, Instant moment) {
    std::vector<Standing> all(log.connections().size());
    for (const Event& event : log.events()) {
        if (event.time > moment) break;
        if (event.end != kNoEnd) all[event.end].take(event);
    }
    std::vector<Answer> answers;
    for (EndIndex end = 0; end < all.size(); ++end)
        if (all[end].alive) answers.push_back(answer_at(log, end, all[end], moment));
    return answers;
}

std::string to_text(const Answer& answer, std::size_t width) {
    std::string text;
    const auto put = [&](std::string_view indent, std::string_view line) {
        bool first = true;
        for (const std::string& part : wrap(line, width - indent.size(), "…")) {
            text += fmt::format("{}{}\n", first ? std::string(indent) : std::string(indent.size(), ' '), part);
            first = false;
        }
    };
    const auto with_clause = [](std::string_view words, std::string_view clause) {
        return clause.empty() ? std::string(words) : fmt::format("{} ({})", words, clause);
    };
    put("", fmt::format("{}  {}  {}", when(answer.time), answer.host, answer.what));
    put("  why      ", with_clause(answer.why, answer.clause));
    bool first = true;
    for (const Because& cause : answer.causes) {
        put(first ? "  because  " : "           ",
            with_clause(fmt::format("{} {}: {}", when(cause.time), cause.host, cause.text), cause.clause));
        first = false;
    }
    first = true;
    for (const Because& effect : answer.effects) {
        put(first ? "  so       " : "           ",
            with_clause(fmt::format("{} {}: {}", when(effect.time), effect.host, effect.text), effect.clause));
        first = false;
    }
    if (answer.held && answer.segment != 0) put("  held by  ", with_clause(answer.held->text, answer.held->clause));
    for (const std::string& line : answer.state) put("           ", line);
    return text;
}

std::string to_json(const Answer& answer) {
    using Json = nlohmann::ordered_json;
    const auto ms = [](Duration time) { return to_seconds(time) * 1000; };
    const auto list = [&](const std::vector<Because>& links) {
        Json all = Json::array();
        for (const Because& link : links)
            all.push_back({{"event", link.event},
                           {"time", ms(link.time)},
                           {"host", link.host},
                           {"text", link.text},
                           {"clause", link.clause}});
        return all;
    };
    Json j{{"event", answer.event}, {"time", ms(answer.time)}, {"host", answer.host}};
    if (answer.segment != 0) j["segment"] = answer.segment;
    j["what"] = answer.what;
    j["reason"] = answer.reason;
    j["why"] = answer.why;
    j["clause"] = answer.clause;
    j["causes"] = list(answer.causes);
    j["effects"] = list(answer.effects);
    if (answer.held) {
        j["held_by"] = {
            {"limit", token(answer.held->limit)}, {"text", answer.held->text}, {"clause", answer.held->clause}};
        if (answer.held->since) j["held_by"]["since"] = ms(*answer.held->since);
    }
    if (!answer.state.empty()) j["state"] = answer.state;
    return j.dump(-1, ' ', false, Json::error_handler_t::replace);
}

}  // namespace hourglass::trace
