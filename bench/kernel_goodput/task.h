#pragma once

#include <functional>
#include <nlohmann/json_fwd.hpp>
#include <sys/types.h>

namespace hourglass::bench {

/// Work in a process of its own, beside this one and in the same namespaces, that ends with a report. The process dies
/// with this object, or with this process.
class Task {
  public:
    explicit Task(const std::function<nlohmann::json()>& work);
    ~Task();
    Task(const Task&) = delete;
    Task& operator=(const Task&) = delete;

    /// Becomes readable once the report is there.
    [[nodiscard]] int descriptor() const { return descriptor_; }
    /// Waits for the report. Throws std::runtime_error with what the work threw, or when it died.
    [[nodiscard]] nlohmann::json report();

  private:
    pid_t id_ = -1;
    int descriptor_ = -1;
};

}  // namespace hourglass::bench
