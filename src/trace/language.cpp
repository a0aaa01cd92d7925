#include "hourglass/trace/language.h"

#include <algorithm>
#include <span>
#include <utility>

namespace hourglass::trace {

namespace {

using Phrase = std::pair<std::string_view, std::string_view>;

// What the ladders say themselves; braces take numbers and names.
constexpr Phrase kLadder[] = {
    {"TCP {}: {} {} {}, opened at {}", "TCP 连接 {}：{} {} {}，开始于 {}"},
    {"{}: {} {} {}", "{}：{} {} {}"},
    {"~ {} later ~", "~ {} 之后 ~"},
    {"{} {} more segments {}", "{} 另有 {} 个报文段 {}"},
    {"{} the same {} times more, until {} {}", "{} 同样再重复 {} 次，直到 {} {}"},
    {" with {} octets", "，共 {} 字节"},
    {"  {} {} octets", "  {} {} 字节"},
    {"Timers, with a dot where they ran out:", "定时器（圆点处到期）："},
    {"tail loss probe", "尾部丢失探测"},
    {"keepalive", "保活"},
    {"pacing", "发送节拍"},
    {"{} timer ran out", "{}定时器到期"},
    {"{} segments", "{} 个报文段"},
    {", {} lost", "，丢失 {} 个"},
    {", {} sent again", "，重传 {} 个"},
    {"; {} octets {}, {} octets {}", "；{} 字节 {}，{} 字节 {}"},
    {"lost: {}", "丢失：{}"},
    {"never left the host", "没有离开主机"},
    {"damaged on the way", "途中损坏"},
    {"the network made a second copy", "网络多送了一份"},
    {" (again)", "（再次）"},
    {"late: {}", "迟到：{}"},
    {"state changed", "状态改变"},
    {"sent again", "重传"},
    {"lost or damaged", "丢失或损坏"},
    {"crosses another segment, or comes from elsewhere", "与别的报文段交错，或来自别处"},
    {"narrator", "旁白"},
    {"TCP {}: the states of {} and {}", "TCP 连接 {}：{} 与 {} 的状态"},
    {"no change of state was recorded", "没有记录到状态改变"},
    {"The diagram: RFC 9293, figure 5. Dashed: what the figure leaves out.",
     "状态图：RFC 9293 图 5。虚线：图中略去的转换。"},
};

// Why a segment was sent.
constexpr Phrase kReasons[] = {
    {"active open: our SYN", "主动打开：发出 SYN"},
    {"passive open: SYN answered with SYN-ACK", "被动打开：以 SYN-ACK 回答 SYN"},
    {"half-open queue full: SYN answered with a cookie", "半连接队列已满：以 SYN cookie 回答"},
    {"third segment of the handshake", "三次握手的第三个报文段"},
    {"new data", "新数据"},
    {"no more data to send: FIN", "没有数据要发了：FIN"},
    {"ACK of every second segment", "每两个报文段确认一次"},
    {"delayed-ACK timer", "延迟确认定时器到期"},
    {"duplicate ACK: a segment is missing", "重复确认：缺一个报文段"},
    {"ACK at once: a gap was filled", "立即确认：缺口已补上"},
    {"ACK: nothing new in the segment", "确认：报文段里没有新内容"},
    {"ACK of FIN", "确认 FIN"},
    {"ACK at once", "立即确认"},
    {"ACK at once: a congestion mark", "立即确认：有拥塞标记"},
    {"window update", "窗口更新"},
    {"retransmission timeout", "重传超时"},
    {"third duplicate ACK: fast retransmit", "第三个重复确认：快速重传"},
    {"partial ACK: the next hole", "部分确认：重传下一个缺口"},
    {"SACK shows a hole", "SACK 指出缺口"},
    {"lost by time: later data has arrived", "按时间判定丢失：后发的数据已到达"},
    {"tail loss probe", "尾部丢失探测"},
    {"limited transmit: new data for a duplicate ACK", "受限传输：收到重复确认时发新数据"},
    {"probe of a larger path MTU", "探测更大的路径 MTU"},
    {"too large for the path: again in smaller segments", "超过路径 MTU：改用更小的报文段重发"},
    {"probe of a closed window", "零窗口探测"},
    {"urgent pointer", "紧急指针"},
    {"keepalive", "保活探测"},
    {"challenge ACK", "质询确认"},
    {"RST: no such connection", "RST：没有这个连接"},
    {"RST: acknowledges what was never sent", "RST：确认了从未发送的数据"},
    {"RST: aborted by the application", "RST：应用程序中止连接"},
    {"RST: data for a closed application", "RST：应用程序已关闭，数据无人接收"},
    {"RST: gave up waiting", "RST：放弃等待"},
};

// What the plots say.
constexpr Phrase kPlots[] = {
    {"time", "时间"},
    {"{} (up to {}, above the picture)", "{}（最高 {}，在图外）"},
    {"Time-sequence graph", "时间—序号图"},
    {"{}: {} octets in {} segments, {} lost, {} sent again", "{}：{} 字节，{} 个报文段，丢失 {} 个，重传 {} 个"},
    {"end of the peer's window", "对方窗口的右沿"},
    {"SACK block", "SACK 块"},
    {"acknowledged", "已确认"},
    {"duplicate ACK", "重复确认"},
    {"segment", "报文段"},
    {"closed window", "窗口关闭"},
    {"arrived behind later ones", "晚于后发者到达"},
    {"R: sent again", "R：重传"},
    {"lost on the way", "途中丢失"},
    {"What may be in flight, and what is", "窗口与在途数据"},
    {"in flight", "在途数据"},
    {"peer's window", "对方的窗口"},
    {"taken for lost", "判定丢失"},
    {"it was not lost: undone", "其实没丢：撤销"},
    {"fast recovery", "快速恢复"},
    {"recovery from a timeout", "超时恢复"},
    {"reduction for a congestion mark", "因拥塞标记而减窗"},
    {"waits for the application", "等应用程序"},
    {"waits for the send buffer", "等发送缓存"},
    {"waits for the peer's window", "等对方的窗口"},
    {"waits for the congestion window", "等拥塞窗口"},
    {"waits because of Nagle", "等待：Nagle"},
    {"waits because of cork", "等待：cork"},
    {"waits for its pace", "等发送节拍"},
    {"Round-trip time", "往返时间"},
    {"{}: {} samples, {}", "{}：{} 个样本，{}"},
    {"sample", "样本"},
    {"Throughput", "吞吐量"},
    {"{}: {} on average; each step is {}", "{}：平均 {}；每一格 {}"},
    {"sent", "已发送"},
    {"acknowledged (goodput)", "已确认（有效吞吐量）"},
    {"acknowledged, on average", "已确认，平均"},
};

// What became of it, what changed a state, and timers.
constexpr Phrase kEvents[] = {
    {"nothing new: acknowledged and dropped", "没有新内容：确认后丢弃"},
    {"challenged", "以质询确认回答"},
    {"answered with RST", "以 RST 回答"},
    {"RST accepted", "接受 RST"},
    {"connection refused", "连接被拒绝"},
    {"dropped: no ACK bit", "丢弃：没有 ACK 位"},
    {"dropped: old timestamp", "丢弃：时间戳过旧"},
    {"dropped: acknowledges what was not sent", "丢弃：确认了没发过的数据"},
    {"dropped: half-open queue full", "丢弃：半连接队列已满"},
    {"dropped: accept queue full", "丢弃：全连接队列已满"},
    {"dropped: RST not valid here", "丢弃：RST 在此无效"},
    {"dropped: not for this host", "丢弃：不是发给本机的"},
    {"dropped: malformed", "丢弃：格式错误"},
    {"dropped: bad checksum", "丢弃：检验和错误"},
    {"lost by chance", "随机丢失"},
    {"lost in a burst", "突发丢失"},
    {"queue full", "队列已满"},
    {"larger than the link's MTU", "超过链路 MTU"},
    {"damaged, dropped by the frame check", "帧检验出错而丢弃"},
    {"lost by the script", "按剧本丢失"},
    {"link down", "链路中断"},
    {"2 MSL", "2 MSL 到期"},
    {"ACK of FIN received", "收到对 FIN 的确认"},
    {"ACK of SYN received", "收到对 SYN 的确认"},
    {"FIN and ACK of FIN received", "收到 FIN 和对 FIN 的确认"},
    {"FIN received", "收到 FIN"},
    {"SYN received", "收到 SYN"},
    {"SYN-ACK received", "收到 SYN-ACK"},
    {"RST received", "收到 RST"},
    {"ICMP error", "ICMP 差错"},
    {"OPEN call", "OPEN 调用"},
    {"CLOSE call", "CLOSE 调用"},
    {"ABORT call", "ABORT 调用"},
    {"CLOSE call in the handshake", "握手中的 CLOSE 调用"},
    {"SYN of a new connection", "新连接的 SYN"},
    {"SYN received in the window", "在窗口内收到 SYN"},
    {"SYN received, ours not acknowledged", "收到 SYN，而己方的 SYN 未被确认"},
    {"SYN with a fast open cookie received", "收到带快速打开 cookie 的 SYN"},
    {"SYN-ACK never acknowledged", "SYN-ACK 始终未被确认"},
    {"TIME-WAIT table full", "TIME-WAIT 表已满"},
    {"FIN-WAIT-2 timeout", "FIN-WAIT-2 超时"},
    {"too many retransmissions", "重传次数过多"},
    {"retransmission", "重传"},
    {"delayed ACK", "延迟确认"},
    {"persist", "持续"},
    {"reordering", "乱序"},
    {"SYN-ACK", "SYN-ACK 重传"},
};

}  // namespace

std::string_view in_language(Language language, std::string_view english) {
    if (language == Language::en) return english;
    for (const std::span<const Phrase> table : {std::span<const Phrase>(kLadder), std::span<const Phrase>(kReasons),
                                                std::span<const Phrase>(kEvents), std::span<const Phrase>(kPlots)}) {
        const auto found = std::ranges::find(table, english, &Phrase::first);
        if (found != table.end()) return found->second;
    }
    return english;
}

}  // namespace hourglass::trace
