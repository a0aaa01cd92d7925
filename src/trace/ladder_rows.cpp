#include "trace/ladder_rows.h"

#include <algorithm>
#include <limits>
#include <utility>

namespace hourglass::trace {

namespace {

// How far ahead of the first open item the next row is looked for: more than a window of segments in flight.
constexpr std::size_t kLookAhead = 512;
constexpr std::size_t kLeastFolded = 4;  // fewer would take as much room folded
constexpr std::size_t kNone = std::numeric_limits<std::size_t>::max();

std::size_t at(Rail rail) { return static_cast<std::size_t>(rail); }

/// What happens at one end: a departure, an arrival, or something that stays there.
struct Point {
    Instant time;
    std::uint64_t order = 0;
    std::size_t item = kNone;
    bool arrives = false;
    bool rigid = false;  // changes the state of its rail
    bool drawn = false;
};

/// Something to draw: it has a point on its own rail and, if it arrives, one on the other.
struct Item {
    const Step* step = nullptr;
    const Arriving* arrival = nullptr;
    Rail from = Rail::left;
    Row::Kind kind = Row::Kind::segment;
    std::size_t departs = kNone;  // the place of its point on rail `from`
    std::size_t arrives = kNone;  // the place of its point on the other rail
    bool departed = false;        // drawn
    bool done = false;
};

bool changes_state(const Step& step) {
    if (std::holds_alternative<StateStep>(step.what)) return true;
    const auto* trip = std::get_if<PacketTrip>(&step.what);
    return trip != nullptr && trip->sender && trip->sender->before != trip->sender->after;
}

/// What the step says of the state before it, at its own end or, when it `arrives`, at the other.
std::optional<tcp::State> state_before(const Item& item, bool arrives) {
    if (arrives) return item.arrival->tcp ? std::optional(item.arrival->tcp->before) : std::nullopt;
    if (const auto* state = std::get_if<StateStep>(&item.step->what)) return state->before;
    const auto* trip = std::get_if<PacketTrip>(&item.step->what);
    return trip != nullptr && trip->sender ? std::optional(trip->sender->before) : std::nullopt;
}

bool changes_state(const Arriving& arrival) { return arrival.tcp && arrival.tcp->before != arrival.tcp->after; }

class Arrangement {
  public:
    Arrangement(std::string_view left, std::string_view right, Instant since) : hosts_{left, right}, since_(since) {}

    void add(const std::vector<const Step*>& steps);
    [[nodiscard]] Rows take();

  private:
    void add_item(const Step& step, Rail from);
    void add_trip(const Step& step, const PacketTrip& trip, Rail from);
    void add_arrival(const Step& step, const Arriving& arrival, Rail from, Row::Kind kind);
    void add_stranger(const Step& step);
    void sort_rails();

    [[nodiscard]] std::optional<Rail> rail_of(std::string_view host) const;
    [[nodiscard]] bool is_available(Rail rail, std::size_t place) const;
    [[nodiscard]] bool is_ready(const Item& item) const;
    [[nodiscard]] Instant next_time(const Item& item) const;
    [[nodiscard]] std::size_t next_ready();
    [[nodiscard]] std::size_t next_to_split() const;
    void mark_drawn(Rail rail, std::size_t place);

    void draw(std::size_t item);
    void draw_departure(std::size_t item);
    [[nodiscard]] Row row_of(const Item& item, Row::Kind kind) const;
    void set_states(Row& row, bool departs, bool arrives);
    void set_state(Row& row, Rail rail, tcp::State after);

    std::array<std::string_view, 2> hosts_;
    Instant since_;
    std::vector<Item> items_;
    std::array<std::vector<Point>, 2> points_;
    std::array<std::size_t, 2> first_open_{};
    std::array<std::size_t, 2> first_rigid_{};
    std::size_t first_item_ = 0;
    std::array<std::optional<tcp::State>, 2> now_;
    Rows out_;
};

std::optional<Rail> Arrangement::rail_of(std::string_view host) const {
    if (host == hosts_[0]) return Rail::left;
    if (host == hosts_[1]) return Rail::right;
    return std::nullopt;
}

void Arrangement::add(const std::vector<const Step*>& steps) {
    for (const Step* step : steps) {
        const auto from = rail_of(step->host);
        if (!from || step->time < since_)
            add_stranger(*step);
        else if (const auto* trip = std::get_if<PacketTrip>(&step->what))
            add_trip(*step, *trip, *from);
        else
            add_item(*step, *from);
    }
    sort_rails();
}

void Arrangement::add_item(const Step& step, Rail from) {
    Row::Kind kind = Row::Kind::note;
    if (std::holds_alternative<StateStep>(step.what)) kind = Row::Kind::state;
    if (std::holds_alternative<TimerStep>(step.what)) kind = Row::Kind::timer;
    if (std::holds_alternative<PacketTrip>(step.what)) kind = Row::Kind::segment;
    points_[at(from)].push_back({step.time, step.order, items_.size(), false, changes_state(step)});
    items_.push_back({.step = &step, .from = from, .kind = kind});
}

void Arrangement::add_trip(const Step& step, const PacketTrip& trip, Rail from) {
    add_item(step, from);
    bool first = true;
    for (const Arriving& arrival : trip.arrivals) {
        if (rail_of(arrival.host) != other(from)) continue;
        if (std::exchange(first, false)) {
            items_.back().arrival = &arrival;
            points_[at(other(from))].push_back(
                {arrival.time, arrival.order, items_.size() - 1, true, changes_state(arrival)});
        } else {
            add_arrival(step, arrival, from, Row::Kind::repeat);
        }
    }
}

/// An arrival whose departure is not shown with it.
void Arrangement::add_arrival(const Step& step, const Arriving& arrival, Rail from, Row::Kind kind) {
    points_[at(other(from))].push_back({arrival.time, arrival.order, items_.size(), true, changes_state(arrival)});
    items_.push_back({.step = &step, .arrival = &arrival, .from = from, .kind = kind, .departed = true});
}

void Arrangement::add_stranger(const Step& step) {
    const auto* trip = std::get_if<PacketTrip>(&step.what);
    if (trip == nullptr) return;
    for (const Arriving& arrival : trip->arrivals)
        if (const auto to = rail_of(arrival.host); to && arrival.time >= since_)
            add_arrival(step, arrival, other(*to), Row::Kind::stranger);
}

void Arrangement::sort_rails() {
    for (const Rail rail : {Rail::left, Rail::right}) {
        auto& points = points_[at(rail)];
        std::ranges::sort(points, [](const Point& a, const Point& b) {
            return std::pair(a.time, a.order) < std::pair(b.time, b.order);
        });
        for (std::size_t place = 0; place < points.size(); ++place) {
            Item& item = items_[points[place].item];
            (points[place].arrives ? item.arrives : item.departs) = place;
        }
        for (const Point& point : points)
            if (!now_[at(rail)]) now_[at(rail)] = state_before(items_[point.item], point.arrives);
        const auto rigid = std::ranges::find_if(points, &Point::rigid);
        first_rigid_[at(rail)] = static_cast<std::size_t>(rigid - points.begin());
    }
}

/// A change of state waits for all before it on its rail, and holds up all behind it.
bool Arrangement::is_available(Rail rail, std::size_t place) const {
    if (place == kNone) return true;
    if (points_[at(rail)][place].rigid) return place == first_open_[at(rail)];
    return place < first_rigid_[at(rail)];
}

bool Arrangement::is_ready(const Item& item) const {
    return (item.departed || is_available(item.from, item.departs)) && is_available(other(item.from), item.arrives);
}

Instant Arrangement::next_time(const Item& item) const { return item.departed ? item.arrival->time : item.step->time; }

std::size_t Arrangement::next_ready() {
    while (first_item_ < items_.size() && items_[first_item_].done) ++first_item_;
    std::size_t best = kNone;
    const std::size_t end = std::min(items_.size(), first_item_ + kLookAhead);
    for (std::size_t i = first_item_; i < end; ++i) {
        const Item& item = items_[i];
        if (item.done || !is_ready(item)) continue;
        if (best == kNone || next_time(item) < next_time(items_[best])) best = i;
    }
    return best;
}

/// The earliest departure that is next on its rail: when it crosses something, it takes a row without its arrival.
std::size_t Arrangement::next_to_split() const {
    std::size_t best = kNone;
    for (const Rail rail : {Rail::left, Rail::right}) {
        if (first_open_[at(rail)] >= points_[at(rail)].size()) continue;
        const Point& point = points_[at(rail)][first_open_[at(rail)]];
        if (items_[point.item].departed || point.arrives) continue;
        if (best == kNone || point.time < items_[best].step->time) best = point.item;
    }
    return best;
}

void Arrangement::mark_drawn(Rail rail, std::size_t place) {
    if (place == kNone) return;
    auto& points = points_[at(rail)];
    points[place].drawn = true;
    std::size_t& open = first_open_[at(rail)];
    while (open < points.size() && points[open].drawn) ++open;
    std::size_t& rigid = first_rigid_[at(rail)];
    while (rigid < points.size() && (points[rigid].drawn || !points[rigid].rigid)) ++rigid;
}

Row Arrangement::row_of(const Item& item, Row::Kind kind) const {
    Row row;
    row.kind = kind;
    row.from = item.from;
    row.step = item.step;
    row.arrival = item.arrival;
    const bool arrives = kind == Row::Kind::arrival || kind == Row::Kind::repeat || kind == Row::Kind::stranger;
    row.time = arrives ? item.arrival->time : item.step->time;
    return row;
}

void Arrangement::set_state(Row& row, Rail rail, tcp::State after) {
    row.changed[at(rail)] = now_[at(rail)] != after;
    now_[at(rail)] = after;
}

void Arrangement::set_states(Row& row, bool departs, bool arrives) {
    if (const auto* state = std::get_if<StateStep>(&row.step->what)) {
        set_state(row, row.from, state->after);
    } else if (const auto* trip = std::get_if<PacketTrip>(&row.step->what)) {
        if (departs && trip->sender) set_state(row, row.from, trip->sender->after);
        if (arrives && row.arrival != nullptr && row.arrival->tcp)
            set_state(row, other(row.from), row.arrival->tcp->after);
    }
    row.state = now_;
}

void Arrangement::draw(std::size_t index) {
    Item& item = items_[index];
    const bool second_half = item.departed && item.kind == Row::Kind::segment;
    Row row = row_of(item, second_half ? Row::Kind::arrival : item.kind);
    set_states(row, !item.departed, true);
    if (!item.departed) mark_drawn(item.from, item.departs);
    mark_drawn(other(item.from), item.arrives);
    item.done = true;
    out_.rows.push_back(std::move(row));
}

void Arrangement::draw_departure(std::size_t index) {
    Item& item = items_[index];
    Row row = row_of(item, Row::Kind::departure);
    set_states(row, true, false);
    mark_drawn(item.from, item.departs);
    item.departed = true;
    out_.rows.push_back(std::move(row));
}

Rows Arrangement::take() {
    out_.initial = now_;
    for (;;) {
        const std::size_t ready = next_ready();
        if (first_item_ >= items_.size()) break;
        const std::size_t split = next_to_split();
        const bool crosses = split != kNone && !is_ready(items_[split]) &&
                             (ready == kNone || items_[split].step->time < next_time(items_[ready]));
        if (crosses)
            draw_departure(split);
        else
            draw(ready != kNone ? ready : first_item_);
    }
    return std::move(out_);
}

bool is_uneventful(const Row& row) {
    if (row.kind != Row::Kind::segment || row.changed[0] || row.changed[1] || row.arrival == nullptr) return false;
    const PacketTrip& trip = std::get<PacketTrip>(row.step->what);
    if (!trip.summary.tcp || !trip.summary.start_line.empty() || trip.arrivals.size() > 1) return false;
    if (trip.sender && trip.sender->retransmission) return false;
    if (row.arrival->tcp && row.arrival->tcp->verdict != tcp::Verdict::accepted) return false;
    const auto flags = trip.summary.tcp->flags;
    return !flags.syn() && !flags.fin() && !flags.rst() && std::ranges::none_of(trip.hops, &Hop::corrupted);
}

Row folded(std::span<const Row> run) {
    Row row = run.back();
    row.kind = Row::Kind::fold;
    row.time = run.front().time;
    for (const Row& one : run) {
        ++row.segments[at(one.from)];
        row.octets[at(one.from)] += std::get<PacketTrip>(one.step->what).summary.tcp->length;
    }
    return row;
}

}  // namespace

Rows arrange(const std::vector<const Step*>& steps, std::string_view left_host, std::string_view right_host,
             Instant since) {
    Arrangement arrangement(left_host, right_host, since);
    arrangement.add(steps);
    return arrangement.take();
}

void fold_runs(std::vector<Row>& rows, std::size_t longest, Duration gap,
               const std::function<bool(const Step*)>& kept) {
    if (longest == 0) return;
    const std::size_t head = (longest + 1) / 2;
    const std::size_t tail = longest / 2;
    std::vector<Row> out;
    for (std::size_t begin = 0; begin < rows.size();) {
        std::size_t end = begin;
        while (end < rows.size() && is_uneventful(rows[end]) && !(kept && kept(rows[end].step)) &&
               (end == begin || rows[end].time - rows[end - 1].time < gap))
            ++end;
        if (end - begin < longest + kLeastFolded) {
            end = std::max(end, begin + 1);
            out.insert(out.end(), rows.begin() + static_cast<std::ptrdiff_t>(begin),
                       rows.begin() + static_cast<std::ptrdiff_t>(end));
        } else {
            const std::span run(rows.data() + begin, end - begin);
            out.insert(out.end(), run.begin(), run.begin() + static_cast<std::ptrdiff_t>(head));
            out.push_back(folded(run.subspan(head, run.size() - head - tail)));
            out.insert(out.end(), run.end() - static_cast<std::ptrdiff_t>(tail), run.end());
        }
        begin = end;
    }
    rows = std::move(out);
}

namespace {

constexpr std::size_t kLongestCycle = 4;  // rows
constexpr std::size_t kShownCycles = 3;   // beyond which they are folded
constexpr std::size_t kLeastCycles = 3;   // fewer would take as much room folded

/// What makes two rows the same to a reader, their time apart.
bool is_alike(const Row& a, const Row& b) {
    if (a.kind != b.kind || a.from != b.from || a.state != b.state || a.changed != b.changed) return false;
    if ((a.arrival == nullptr) != (b.arrival == nullptr)) return false;
    const auto* one = std::get_if<PacketTrip>(&a.step->what);
    const auto* other = std::get_if<PacketTrip>(&b.step->what);
    if (one == nullptr || other == nullptr) return false;
    if (!one->summary.tcp || !other->summary.tcp || one->lost() != other->lost()) return false;
    const TcpSummary &x = *one->summary.tcp, &y = *other->summary.tcp;
    const bool again = one->sender && one->sender->retransmission;
    const bool again_too = other->sender && other->sender->retransmission;
    return x.flags == y.flags && x.seq == y.seq && x.ack == y.ack && x.length == y.length && again == again_too;
}

/// True when the `length` rows from `at` on are those before them again, as long after.
bool goes_on(const std::vector<Row>& rows, std::size_t at, std::size_t length) {
    if (at + length > rows.size() || at < 2 * length) return false;
    for (std::size_t i = at; i < at + length; ++i) {
        if (!is_alike(rows[i], rows[i - length])) return false;
        if (rows[i].time - rows[i - length].time != rows[at - length].time - rows[at - 2 * length].time) return false;
    }
    return true;
}

}  // namespace

void fold_cycles(std::vector<Row>& rows, const std::function<bool(const Step*)>& kept) {
    std::vector<Row> out;
    for (std::size_t at = 0; at < rows.size();) {
        std::size_t folded_rows = 0;
        for (std::size_t length = 1; length <= kLongestCycle && folded_rows == 0; ++length) {
            std::size_t cycles = 0;
            const auto is_free = [&](std::size_t begin) {
                for (std::size_t i = begin; i < begin + length; ++i)
                    if (kept && kept(rows[i].step)) return false;
                return true;
            };
            while (goes_on(rows, at + cycles * length, length) && is_free(at + cycles * length)) ++cycles;
            const bool shown_enough = at >= kShownCycles * length && goes_on(rows, at - length, length);
            if (cycles >= kLeastCycles && shown_enough) {
                folded_rows = cycles * length;
                Row row = rows[at + folded_rows - 1];
                row.kind = Row::Kind::cycles;
                row.until = row.time;
                row.time = rows[at].time;
                row.cycles = cycles;
                out.push_back(std::move(row));
            }
        }
        if (folded_rows == 0) out.push_back(rows[at]);
        at += std::max<std::size_t>(folded_rows, 1);
    }
    rows = std::move(out);
}

}  // namespace hourglass::trace
