#pragma once

#include <cstddef>
#include <map>
#include <optional>
#include <string_view>
#include <vector>

#include "hourglass/base/address.h"
#include "hourglass/base/time.h"
#include "hourglass/dns/name.h"

namespace hourglass::dns {

/// A hosts file (hosts(5); the form goes back to RFC 952): on each line an address, its canonical name and aliases, `#`
/// begins a comment. The text is given; nothing is read from disk.
class HostsFile {
  public:
    /// One line of the file.
    struct Entry {
        IpAddress address;
        std::vector<Name> names;  ///< The canonical name, then the aliases. Not empty.
    };

    /// No entries.
    HostsFile() = default;

    /// Reads at most `max_entries` lines. A line that is not an address with a name is passed over and counted, as
    /// resolvers do, so that one bad line does not hide the others.
    static HostsFile parse(std::string_view text, std::size_t max_entries = 1'000'000);

    [[nodiscard]] const std::vector<Entry>& entries() const { return entries_; }
    /// Lines that could not be read.
    [[nodiscard]] std::size_t skipped_lines() const { return skipped_lines_; }
    /// The entries that have `name`, in the file's order.
    [[nodiscard]] std::vector<const Entry*> find(const Name& name) const;

  private:
    std::vector<Entry> entries_;
    std::map<Name, std::vector<std::size_t>> by_name_;
    std::size_t skipped_lines_ = 0;
};

/// What resolv.conf(5) says to a stub resolver. The text is given; nothing is read from disk.
struct ResolvConf {
    std::vector<IpAddress> servers;    ///< `nameserver` lines, the first three as the C library takes them.
    std::optional<Duration> timeout;   ///< `options timeout:N`, 1 to 30 seconds.
    std::optional<unsigned> attempts;  ///< `options attempts:N`, 1 to 5.

    /// Other keywords, and lines that cannot be read, are passed over.
    static ResolvConf parse(std::string_view text);
};

}  // namespace hourglass::dns
