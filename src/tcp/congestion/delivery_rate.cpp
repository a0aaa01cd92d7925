// Delivery rate samples: draft-ietf-ccwg-bbr, section 4.1.2.

#include "tcp/congestion/delivery_rate.h"

#include <algorithm>

namespace hourglass::tcp {

SendSnapshot DeliveryRate::on_sent(Instant now, std::uint32_t in_flight, std::uint32_t size, bool retransmission) {
    if (in_flight == 0) first_sent_at_ = delivered_at_ = now;
    return {.sent_at = now,
            .first_sent_at = first_sent_at_,
            .delivered_at = delivered_at_,
            .delivered = delivered_,
            .lost = lost_,
            .in_flight = in_flight + size,
            .app_limited = app_limited(),
            .retransmission = retransmission};
}

void DeliveryRate::on_delivered(Instant now, const SendSnapshot& s, Seq end, std::uint32_t size) {
    delivered_ += size;
    delivered_at_ = now;
    const bool newer =
        !has_newest_ || s.sent_at > newest_.sent.sent_at || (s.sent_at == newest_.sent.sent_at && end > newest_.end);
    if (!newer) return;
    newest_ = {s, end};
    has_newest_ = true;
}

RateSample DeliveryRate::take_sample(Duration min_rtt) {
    if (app_limited_until_ != 0 && delivered_ > app_limited_until_) app_limited_until_ = 0;
    if (!has_newest_) return {};
    has_newest_ = false;
    const SendSnapshot& s = newest_.sent;
    first_sent_at_ = std::max(first_sent_at_, s.sent_at);
    const Duration send_elapsed = s.sent_at - s.first_sent_at;
    const Duration ack_elapsed = delivered_at_ - s.delivered_at;
    RateSample sample{.delivered = delivered_ - s.delivered,
                      .lost = lost_ - s.lost,
                      .interval = std::max(send_elapsed, ack_elapsed),
                      .in_flight_when_sent = s.in_flight,
                      .app_limited = s.app_limited,
                      .has_data = true};
    if (sample.interval < min_rtt) sample.interval = Duration::zero();
    return sample;
}

}  // namespace hourglass::tcp
