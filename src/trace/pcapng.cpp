#include "hourglass/trace/pcapng.h"

#include <algorithm>
#include <ostream>
#include <utility>

namespace hourglass::trace {

namespace {

// Block types and option codes: draft-ietf-opsawg-pcapng, sections 4 and 3.5.
constexpr std::uint32_t kSectionHeader = 0x0a0d0d0a;
constexpr std::uint32_t kInterfaceDescription = 1;
constexpr std::uint32_t kEnhancedPacket = 6;
constexpr std::uint32_t kByteOrderMagic = 0x1a2b3c4d;
constexpr std::uint16_t kEndOfOptions = 0;
constexpr std::uint16_t kComment = 1;
constexpr std::uint16_t kSectionApplication = 4;
constexpr std::uint16_t kInterfaceName = 2;
constexpr std::uint16_t kInterfaceDescriptionText = 3;
constexpr std::uint16_t kTimeResolution = 9;
constexpr std::uint16_t kPacketFlags = 2;
constexpr std::byte kNanoseconds{9};  // a negative power of ten
constexpr std::size_t kMaxOption = 65535;

PcapngWriter::Sink to_stream(std::ostream& out) {
    return [&out](std::span<const std::byte> bytes) {
        out.write(reinterpret_cast<const char*>(bytes.data()), static_cast<std::streamsize>(bytes.size()));
    };
}

}  // namespace

PcapngWriter::PcapngWriter(Sink sink, const PcapngSettings& settings)
    : sink_(std::move(sink)), unix_time_(settings.unix_time) {
    begin_section(settings.application);
}

PcapngWriter::PcapngWriter(std::ostream& out, const PcapngSettings& settings)
    : PcapngWriter(to_stream(out), settings) {}

void PcapngWriter::begin_section(const std::string& application) {
    begin_block(kSectionHeader);
    put_32(kByteOrderMagic);
    put_16(1);           // major version
    put_16(0);           // minor version
    put_32(0xffffffff);  // the section's length is not told
    put_32(0xffffffff);
    put_option(kSectionApplication, application);
    put_option(kEndOfOptions, std::string_view());
    end_block();
}

std::uint32_t PcapngWriter::add_interface(const CaptureInterface& interface) {
    begin_block(kInterfaceDescription);
    put_16(static_cast<std::uint16_t>(interface.type));
    put_16(0);
    put_32(interface.snaplen);
    put_option(kInterfaceName, interface.name);
    if (!interface.description.empty()) put_option(kInterfaceDescriptionText, interface.description);
    put_option(kTimeResolution, std::span(&kNanoseconds, 1));
    put_option(kEndOfOptions, std::string_view());
    end_block();
    interfaces_.push_back({interface.type, interface.snaplen});
    return static_cast<std::uint32_t>(interfaces_.size() - 1);
}

void PcapngWriter::write(std::uint32_t interface, Instant time, std::span<const std::byte> packet,
                         std::string_view comment, CaptureDirection direction) {
    const auto stamp = static_cast<std::uint64_t>((time.time_since_epoch() + unix_time_).count());
    const auto kept = packet.first(std::min<std::size_t>(packet.size(), interfaces_[interface].snaplen));
    begin_block(kEnhancedPacket);
    put_32(interface);
    put_32(static_cast<std::uint32_t>(stamp >> 32));
    put_32(static_cast<std::uint32_t>(stamp));
    put_32(static_cast<std::uint32_t>(kept.size()));
    put_32(static_cast<std::uint32_t>(packet.size()));
    put_padded(kept);
    if (!comment.empty()) put_option(kComment, comment);
    if (direction != CaptureDirection::unknown) {
        const auto flags = static_cast<std::uint8_t>(direction);
        const std::byte value[4] = {std::byte{flags}, {}, {}, {}};
        put_option(kPacketFlags, value);
    }
    if (!comment.empty() || direction != CaptureDirection::unknown) put_option(kEndOfOptions, std::string_view());
    end_block();
    ++packets_written_;
}

void PcapngWriter::begin_block(std::uint32_t type) {
    block_.clear();
    put_32(type);
    put_32(0);  // the length, known at the end
}

void PcapngWriter::end_block() {
    const auto length = static_cast<std::uint32_t>(block_.size() + 4);
    put_32(length);
    for (std::size_t i = 0; i < 4; ++i) block_[4 + i] = std::byte(static_cast<std::uint8_t>(length >> (8 * i)));
    sink_(block_);
}

void PcapngWriter::put_16(std::uint16_t value) {
    block_.push_back(std::byte(static_cast<std::uint8_t>(value)));
    block_.push_back(std::byte(static_cast<std::uint8_t>(value >> 8)));
}

void PcapngWriter::put_32(std::uint32_t value) {
    put_16(static_cast<std::uint16_t>(value));
    put_16(static_cast<std::uint16_t>(value >> 16));
}

void PcapngWriter::put_padded(std::span<const std::byte> bytes) {
    block_.insert(block_.end(), bytes.begin(), bytes.end());
    block_.resize((block_.size() + 3) / 4 * 4);
}

void PcapngWriter::put_option(std::uint16_t code, std::span<const std::byte> value) {
    value = value.first(std::min(value.size(), kMaxOption));
    put_16(code);
    put_16(static_cast<std::uint16_t>(value.size()));
    put_padded(value);
}

void PcapngWriter::put_option(std::uint16_t code, std::string_view value) {
    put_option(code, std::as_bytes(std::span(value)));
}

}  // namespace hourglass::trace
