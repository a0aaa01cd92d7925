#include "hourglass/wire/tcp.h"
#include "property.h"

using namespace hourglass;
using namespace hourglass::wire;
using namespace hourglass::fuzz;

namespace {

/// What the view decodes, the writer writes, except what only a reader can tell.
void check_options(const TcpView& view) {
    const TcpOptions options = view.options();
    require(options == TcpOptions::parse(view.option_bytes()));
    require(options.sack_count <= TcpOptions::kMaxSackBlocks);

    TcpHeader expected = view.header();
    require(expected.size() <= TcpHeader::kMaxSize);
    const auto bytes = emitted(expected);
    const auto again = TcpView::parse(bytes);
    require(again && again->header_size() == bytes.size());
    expected.options.malformed = false;
    expected.options.unknown_count = 0;
    expected.options.sack_count = std::min(expected.options.sack_count, again->options().sack_count);
    require(again->header() == expected);
}

/// Every option of the list, put together again, is the list up to its end.
void check_list(const TcpView& view) {
    const auto bytes = view.option_bytes();
    std::size_t taken = 0;
    std::size_t unknown = 0;
    for (const TcpRawOption& option : view.option_list()) {
        require(inside(option.data, bytes) && TcpOptionKind(bytes[taken]) == option.kind);
        taken += option.kind == TcpOptionKind::no_operation ? 1 : 2 + option.data.size();
        require(taken <= bytes.size());
        ++unknown;
    }
    require(view.options().unknown_count <= unknown);
}

/// With the raw options the header comes back octet by octet, but for reserved bits and the checksum.
void check_verbatim(const TcpView& view) {
    std::vector<std::byte> bytes(view.header_size());
    require(view.header().emit_with(bytes, view.option_bytes()) == bytes.size());
    auto original = std::vector<std::byte>(view.segment().begin(), view.segment().begin() + std::ssize(bytes));
    original[12] &= std::byte{0xf1};
    store_be16(original.data() + TcpHeader::kChecksumOffset, 0);
    require(same(bytes, original));
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    const auto bytes = as_bytes(data, size);
    const auto view = TcpView::parse(bytes);
    if (!view) return 0;
    require(same(view->segment(), bytes) && view->header_size() + view->payload().size() == bytes.size());
    (void)view->checksum_is_valid(IpAddress::v4(10, 0, 0, 1), IpAddress::v4(10, 0, 0, 2));
    check_options(*view);
    check_list(*view);
    check_verbatim(*view);
    return 0;
}
