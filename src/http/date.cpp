#include "hourglass/http/date.h"

#include <algorithm>
#include <array>

#include "http/scan.h"

namespace hourglass::http {

namespace {

constexpr std::array<std::string_view, 7> kDays = {"Sunday",   "Monday", "Tuesday", "Wednesday",
                                                   "Thursday", "Friday", "Saturday"};
constexpr std::array<std::string_view, 12> kMonths = {"Jan", "Feb", "Mar", "Apr", "May", "Jun",
                                                      "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"};

/// Reads a date from left to right. After a mismatch nothing more matches.
class Reader {
  public:
    explicit Reader(std::string_view text) : text_(text) {}

    [[nodiscard]] bool complete() const { return !failed_ && text_.empty(); }
    bool literal(std::string_view expected) {
        if (failed_ || !text_.starts_with(expected)) return fail();
        text_.remove_prefix(expected.size());
        return true;
    }
    unsigned digits(std::size_t count) {
        unsigned value = 0;
        if (failed_ || text_.size() < count) return fail();
        for (std::size_t i = 0; i < count; ++i) {
            if (!detail::is_digit(text_[i])) return fail();
            value = value * 10 + static_cast<unsigned>(text_[i] - '0');
        }
        text_.remove_prefix(count);
        return value;
    }
    unsigned month() {
        const auto found = std::ranges::find(kMonths, text_.substr(0, 3));
        if (failed_ || found == kMonths.end()) return fail();
        text_.remove_prefix(3);
        return static_cast<unsigned>(found - kMonths.begin()) + 1;
    }
    std::chrono::seconds time_of_day() {
        const unsigned hour = digits(2);
        literal(":");
        const unsigned minute = digits(2);
        literal(":");
        const unsigned second = digits(2);
        if (hour > 23 || minute > 59 || second > 60) fail();  // a leap second is 60
        return std::chrono::hours(hour) + std::chrono::minutes(minute) + std::chrono::seconds(second);
    }
    bool skip_if(char c) {
        if (failed_ || !text_.starts_with(c)) return false;
        text_.remove_prefix(1);
        return true;
    }

  private:
    bool fail() {
        failed_ = true;
        return false;
    }
    std::string_view text_;
    bool failed_ = false;
};

std::optional<std::chrono::sys_seconds> combine(unsigned year, unsigned month, unsigned day,
                                                std::chrono::seconds time) {
    const std::chrono::year_month_day date{std::chrono::year(static_cast<int>(year)), std::chrono::month(month),
                                           std::chrono::day(day)};
    if (!date.ok()) return std::nullopt;
    return std::chrono::sys_days(date) + time;
}

/// `Sun, 06 Nov 1994 08:49:37 GMT`, and with dashes and a short year `Sunday, 06-Nov-94 08:49:37 GMT`.
std::optional<std::chrono::sys_seconds> parse_with_comma(std::string_view rest, char separator) {
    const std::string_view between(&separator, 1);
    Reader in(rest);
    const unsigned day = in.digits(2);
    in.literal(between);
    const unsigned month = in.month();
    in.literal(between);
    unsigned year = in.digits(separator == '-' ? 2 : 4);
    if (separator == '-') year += year < 70 ? 2000 : 1900;
    in.literal(" ");
    const auto time = in.time_of_day();
    in.literal(" GMT");
    return in.complete() ? combine(year, month, day, time) : std::nullopt;
}

/// `Sun Nov  6 08:49:37 1994`
std::optional<std::chrono::sys_seconds> parse_asctime(std::string_view rest) {
    Reader in(rest);
    const unsigned month = in.month();
    in.literal(" ");
    const unsigned day = in.skip_if(' ') ? in.digits(1) : in.digits(2);
    in.literal(" ");
    const auto time = in.time_of_day();
    in.literal(" ");
    const unsigned year = in.digits(4);
    return in.complete() ? combine(year, month, day, time) : std::nullopt;
}

}  // namespace

std::string format_date(std::chrono::sys_seconds time) { return std::string(DateText(time).view()); }

DateText::DateText(std::chrono::sys_seconds time) noexcept {
    const auto day = std::chrono::floor<std::chrono::days>(time);
    const std::chrono::year_month_day date(day);
    const std::chrono::hh_mm_ss clock(time - day);
    // Every answer has one or two of these, so it is put together by hand.
    constexpr std::string_view pattern = "day, 00 mon 0000 00:00:00 GMT";
    pattern.copy(text_.data(), text_.size());
    const auto put_name = [&](std::size_t at, std::string_view name) { name.copy(&text_[at], 3); };
    const auto put_two = [&](std::size_t at, auto number) {
        text_[at] = static_cast<char>('0' + static_cast<unsigned>(number) / 10);
        text_[at + 1] = static_cast<char>('0' + static_cast<unsigned>(number) % 10);
    };
    const auto year = static_cast<unsigned>(static_cast<int>(date.year())) % 10'000;
    put_name(0, kDays[std::chrono::weekday(day).c_encoding()]);
    put_two(5, static_cast<unsigned>(date.day()));
    put_name(8, kMonths[static_cast<unsigned>(date.month()) - 1]);
    put_two(12, year / 100);
    put_two(14, year % 100);
    put_two(17, clock.hours().count());
    put_two(20, clock.minutes().count());
    put_two(23, clock.seconds().count());
}

const DateText& remembered_date(std::chrono::sys_seconds time) noexcept {
    struct Remembered {
        std::chrono::sys_seconds time{};
        DateText text{time};
    };
    constexpr std::size_t places = 16;
    thread_local std::array<Remembered, places> last{};
    Remembered& place = last[static_cast<std::uint64_t>(time.time_since_epoch().count()) % places];
    if (place.time != time) place = {time, DateText(time)};
    return place.text;
}

std::optional<std::chrono::sys_seconds> parse_date(std::string_view text) {
    for (const std::string_view day : kDays) {
        if (text.starts_with(day) && text.substr(day.size()).starts_with(", "))
            return parse_with_comma(text.substr(day.size() + 2), '-');
        if (!text.starts_with(day.substr(0, 3))) continue;
        const std::string_view rest = text.substr(3);
        if (rest.starts_with(", ")) return parse_with_comma(rest.substr(2), ' ');
        if (rest.starts_with(" ")) return parse_asctime(rest.substr(1));
    }
    return std::nullopt;
}

}  // namespace hourglass::http
