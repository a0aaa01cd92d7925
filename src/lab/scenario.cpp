#include "hourglass/lab/scenario.h"

#include <algorithm>
#include <numeric>

#include "lab/scenarios/all.h"
#include "lab/setting_value.h"
#include "lab/story.h"

namespace hourglass::lab {

Text title_of(Topic topic) {
    switch (topic) {
        case Topic::opening:
            return {"Opening a connection", "建立连接"};
        case Topic::closing:
            return {"Closing a connection", "释放连接"};
        case Topic::trouble:
            return {"When something goes wrong", "出了差错"};
        case Topic::flow:
            return {"Flow control and small segments", "流量控制与小报文段"};
        case Topic::loss:
            return {"Loss, congestion and the path", "丢失、拥塞与路径"};
        case Topic::web:
            return {"HTTP and DNS", "HTTP 与 DNS"};
    }
    return {};
}

namespace {

Scenarios make_scenarios() {
    Scenarios all;
    for (const auto add :
         {add_handshake, add_lost_handshake, add_old_syn, add_floods, add_close, add_time_wait, add_trouble,
          add_windows, add_recovery, add_congestion, add_paths, add_web_connections, add_web, add_gateway, add_names})
        add(all);
    std::ranges::stable_sort(all, {}, &Scenario::topic);
    return all;
}

/// Changes of one letter that make one word the other (Levenshtein 1966).
std::size_t distance(std::string_view a, std::string_view b) {
    std::vector<std::size_t> row(b.size() + 1);
    std::iota(row.begin(), row.end(), std::size_t{0});
    for (std::size_t i = 1; i <= a.size(); ++i) {
        std::size_t diagonal = std::exchange(row[0], i);
        for (std::size_t j = 1; j <= b.size(); ++j) {
            const std::size_t changed = diagonal + (a[i - 1] == b[j - 1] ? 0 : 1);
            diagonal = row[j];
            row[j] = std::min({changed, row[j] + 1, row[j - 1] + 1});
        }
    }
    return row.back();
}

}  // namespace

std::span<const Scenario> scenarios() {
    static const Scenarios all = make_scenarios();
    return all;
}

const Scenario* find_scenario(std::string_view name) {
    const auto found = std::ranges::find(scenarios(), name, &Scenario::name);
    return found == scenarios().end() ? nullptr : &*found;
}

std::string_view nearest_of(std::string_view word, std::span<const std::string_view> names) {
    // A name that contains the word, or is contained in it, is nearer than any other.
    const auto cost = [word](std::string_view name) {
        const bool part = !word.empty() && (name.find(word) != name.npos || word.find(name) != word.npos);
        return part ? 0 : distance(word, name);
    };
    const auto nearest = std::ranges::min_element(names, {}, cost);
    return nearest == names.end() ? std::string_view() : *nearest;
}

std::expected<Lesson, std::string> play(const Scenario& scenario, const PlaySettings& settings) {
    const auto values = SettingValues::of(scenario, settings.values);
    if (!values) return std::unexpected(values.error());
    Lesson lesson;
    lesson.scenario = &scenario;
    lesson.language = settings.language;
    lesson.seed = settings.seed;
    for (const Setting& setting : scenario.settings)
        lesson.settings.emplace_back(setting.name, values->text(setting.name));
    Story story(lesson, *values, settings);
    scenario.play(story);
    return lesson;
}

}  // namespace hourglass::lab
