#include "lwip_peer.h"

#include <algorithm>
#include <cstring>
#include <lwip/init.h>
#include <lwip/ip.h>
#include <lwip/netif.h>
#include <lwip/pbuf.h>
#include <lwip/priv/tcp_priv.h>
#include <lwip/tcp.h>
#include <stdexcept>
#include <vector>

namespace hourglass::bench {

namespace {

constexpr u16_t kHeaders = 40;  // IPv4 and TCP without options, as all of lwIP's data segments are here

void require(bool holds, const char* what) {
    if (!holds) throw std::runtime_error(what);
}

/// A pbuf that shows another's payload and keeps that one alive.
struct Borrowed {
    pbuf_custom pbuf;  // first: lwIP hands back a pointer to it
    struct pbuf* owner;
    Borrowed* next_free;
};

struct InFlight {
    pbuf* packet;
    netif* to;
};

}  // namespace

struct LwipPair::State {
    netif client{};
    netif server{};
    std::vector<InFlight> wire;
    std::vector<InFlight> arriving;
    Borrowed* free_borrowed = nullptr;
    Transfer carried;

    Pattern pattern;
    std::vector<std::byte> reader = std::vector<std::byte>(64 * 1024);
    tcp_pcb* bulk = nullptr;
    std::uint64_t to_write = 0;
    std::uint64_t to_read = 0;
    Reading reading = Reading::copied;
    bool verify = false;

    std::vector<tcp_pcb*> listeners;
    std::size_t idle = 0;
    std::size_t established = 0;
    std::size_t closed = 0;

    void deliver();
    void write_more(tcp_pcb* pcb);
    void read(pbuf* p);
    tcp_pcb* listen(u16_t port, tcp_accept_fn on_accept);
    tcp_pcb* open(u16_t local_port, u16_t remote_port, tcp_connected_fn on_connected);
};

namespace {

LwipPair::State* current = nullptr;  // lwIP is global, and so is its user

void release_borrowed(pbuf* p) {
    auto* borrowed = reinterpret_cast<Borrowed*>(p);
    pbuf_free(borrowed->owner);
    borrowed->next_free = current->free_borrowed;
    current->free_borrowed = borrowed;
}

pbuf* borrow(pbuf* owner, u16_t offset) {
    Borrowed* borrowed = current->free_borrowed;
    if (borrowed == nullptr) {
        borrowed = new Borrowed{};
        borrowed->pbuf.custom_free_function = release_borrowed;
    } else {
        current->free_borrowed = borrowed->next_free;
    }
    borrowed->owner = owner;
    pbuf_ref(owner);
    const auto size = static_cast<u16_t>(owner->len - offset);
    return pbuf_alloced_custom(PBUF_RAW, size, PBUF_REF, &borrowed->pbuf, static_cast<char*>(owner->payload) + offset,
                               size);
}

/// Puts a packet on the wire. The headers are copied, because the receiver turns them into host order in place while
/// the sender still reads its own.
err_t put_on_wire(netif* from, pbuf* p, const ip4_addr_t*) {
    require(p->next == nullptr, "lwIP was built to send single pbufs");
    const u16_t head_size = std::min(p->len, kHeaders);
    pbuf* head = pbuf_alloc(PBUF_RAW, head_size, PBUF_RAM);
    if (head == nullptr) return ERR_MEM;
    std::memcpy(head->payload, p->payload, head_size);
    if (p->len > head_size) {
        pbuf_cat(head, borrow(p, head_size));
        ++current->carried.segments;
    }
    ++current->carried.packets;
    current->wire.push_back({head, from == &current->client ? &current->server : &current->client});
    return ERR_OK;
}

err_t start_interface(netif* interface) {
    interface->name[0] = 'h';
    interface->name[1] = 'g';
    interface->mtu = 1500;
    interface->output = put_on_wire;
    interface->flags = NETIF_FLAG_LINK_UP;
    return ERR_OK;
}

err_t on_bulk_received(void*, tcp_pcb* pcb, pbuf* p, err_t) {
    if (p == nullptr) return ERR_OK;
    current->read(p);
    tcp_recved(pcb, p->tot_len);
    pbuf_free(p);
    return ERR_OK;
}

err_t on_bulk_accepted(void*, tcp_pcb* pcb, err_t) {
    tcp_recv(pcb, on_bulk_received);
    return ERR_OK;
}

err_t on_bulk_sent(void*, tcp_pcb* pcb, u16_t) {
    current->write_more(pcb);
    return ERR_OK;
}

err_t on_idle_accepted(void*, tcp_pcb*, err_t) { return ERR_OK; }

err_t on_idle_connected(void*, tcp_pcb*, err_t) {
    ++current->established;
    return ERR_OK;
}

err_t on_churn_server_received(void*, tcp_pcb* pcb, pbuf* p, err_t) {
    if (p == nullptr) {
        tcp_close(pcb);
    } else {
        pbuf_free(p);
    }
    return ERR_OK;
}

err_t on_churn_client_received(void*, tcp_pcb*, pbuf* p, err_t) {
    if (p == nullptr) {
        ++current->closed;
    } else {
        pbuf_free(p);
    }
    return ERR_OK;
}

err_t on_churn_accepted(void*, tcp_pcb* pcb, err_t) {
    tcp_recv(pcb, on_churn_server_received);
    return ERR_OK;
}

err_t on_churn_connected(void*, tcp_pcb* pcb, err_t) {
    tcp_recv(pcb, on_churn_client_received);
    tcp_close(pcb);
    return ERR_OK;
}

/// Frees what waits out 2 MSL (two minutes): at these rates every later segment would walk over it.
void forget_time_wait() {
    while (tcp_tw_pcbs != nullptr) {
        tcp_pcb* pcb = tcp_tw_pcbs;
        tcp_tw_pcbs = pcb->next;
        tcp_pcb_purge(pcb);
        tcp_free(pcb);
    }
}

}  // namespace

/// Carries packets until the wire is silent.
void LwipPair::State::deliver() {
    while (!wire.empty()) {
        wire.swap(arriving);
        for (const InFlight& f : arriving) {
            if (f.to->input(f.packet, f.to) != ERR_OK) pbuf_free(f.packet);
        }
        arriving.clear();
    }
}

void LwipPair::State::write_more(tcp_pcb* pcb) {
    while (to_write > 0) {
        // Whole segments only, so that lwIP never sends a short one in the middle.
        const std::size_t room = tcp_sndbuf(pcb) / tcp_mss(pcb) * tcp_mss(pcb);
        const auto piece = pattern.next(std::min<std::uint64_t>(room, to_write));
        const auto n = static_cast<u16_t>(piece.size());
        if (n == 0 || tcp_write(pcb, piece.data(), n, TCP_WRITE_FLAG_COPY) != ERR_OK) return;
        to_write -= n;
        pattern.wrote(n);
    }
}

void LwipPair::State::read(pbuf* p) {
    to_read -= p->tot_len;
    carried.payload += p->tot_len;
    if (reading == Reading::copied) pbuf_copy_partial(p, reader.data(), p->tot_len, 0);
    if (!verify) return;
    for (const pbuf* q = p; q != nullptr; q = q->next) {
        carried.intact = pattern.matches({static_cast<const std::byte*>(q->payload), q->len}) && carried.intact;
    }
}

tcp_pcb* LwipPair::State::listen(u16_t port, tcp_accept_fn on_accept) {
    tcp_pcb* pcb = tcp_new_ip_type(IPADDR_TYPE_V4);
    require(pcb != nullptr && tcp_bind(pcb, &server.ip_addr, port) == ERR_OK, "lwIP can't bind");
    tcp_bind_netif(pcb, &server);
    pcb = tcp_listen_with_backlog(pcb, 255);
    require(pcb != nullptr, "lwIP can't listen");
    tcp_accept(pcb, on_accept);
    listeners.push_back(pcb);
    return pcb;
}

tcp_pcb* LwipPair::State::open(u16_t local_port, u16_t remote_port, tcp_connected_fn on_connected) {
    tcp_pcb* pcb = tcp_new_ip_type(IPADDR_TYPE_V4);
    require(pcb != nullptr, "lwIP has no room for a connection");
    if (local_port != 0) {
        ip_set_option(pcb, SOF_REUSEADDR);
        require(tcp_bind(pcb, &client.ip_addr, local_port) == ERR_OK, "lwIP can't bind");
    }
    tcp_bind_netif(pcb, &client);
    require(tcp_connect(pcb, &server.ip_addr, remote_port, on_connected) == ERR_OK, "lwIP can't connect");
    return pcb;
}

LwipPair::LwipPair() : state_(std::make_unique<State>()) {
    require(current == nullptr, "lwIP is one stack a process");
    current = state_.get();
    static const bool initialised = [] {
        lwip_init();
        return true;
    }();
    static_cast<void>(initialised);
    ip4_addr_t client{};
    ip4_addr_t server{};
    ip4_addr_t mask{};
    IP4_ADDR(&client, 10, 0, 0, 1);
    IP4_ADDR(&server, 10, 0, 0, 2);
    IP4_ADDR(&mask, 255, 255, 255, 255);
    require(netif_add(&state_->client, &client, &mask, &server, nullptr, start_interface, ip_input) != nullptr &&
                netif_add(&state_->server, &server, &mask, &client, nullptr, start_interface, ip_input) != nullptr,
            "lwIP can't add an interface");
    netif_set_up(&state_->client);
    netif_set_up(&state_->server);
    state_->listen(kBulkPort, on_bulk_accepted);
    state_->listen(kChurnPort, on_churn_accepted);
}

LwipPair::~LwipPair() {
    while (tcp_active_pcbs != nullptr) tcp_abandon(tcp_active_pcbs, 0);
    forget_time_wait();
    state_->deliver();
    for (tcp_pcb* listener : state_->listeners) tcp_close(listener);
    netif_remove(&state_->client);
    netif_remove(&state_->server);
    while (state_->free_borrowed != nullptr) {
        Borrowed* borrowed = state_->free_borrowed;
        state_->free_borrowed = borrowed->next_free;
        delete borrowed;
    }
    current = nullptr;
}

Transfer LwipPair::transfer(std::uint64_t bytes, Reading reading, bool verify) {
    State& s = *state_;
    if (s.bulk == nullptr) {
        s.bulk = s.open(0, kBulkPort, [](void*, tcp_pcb* pcb, err_t) {
            tcp_sent(pcb, on_bulk_sent);
            return static_cast<err_t>(ERR_OK);
        });
        s.deliver();
        require(s.bulk->state == ESTABLISHED, "lwIP's handshake failed");
    }
    s.carried = {};
    s.to_write = s.to_read = bytes;
    if (verify) s.pattern.check_from_here();
    s.reading = reading;
    s.verify = verify;
    while (s.to_read > 0) {
        s.write_more(s.bulk);
        tcp_output(s.bulk);
        s.deliver();
        if (s.to_read > 0) tcp_fasttmr();  // releases a delayed acknowledgement
    }
    tcp_fasttmr();
    s.deliver();
    return s.carried;
}

void LwipPair::hold_idle(std::size_t count) {
    State& s = *state_;
    // lwIP looks for a free port and for the connection of each segment in one list of all connections, so that opening
    // n of them takes n^2 steps. Those that are there already are taken off the list meanwhile.
    constexpr std::size_t kGroup = 100;
    tcp_pcb* there = tcp_active_pcbs;
    while (s.idle < count) {
        tcp_active_pcbs = nullptr;
        const std::size_t group = std::min(kGroup, count - s.idle);
        const std::size_t before = s.established;
        for (std::size_t i = 0; i < group; ++i, ++s.idle) {
            const std::size_t server = s.idle / kIdlePerServerPort;
            if (s.idle % kIdlePerServerPort == 0) {
                s.listen(static_cast<u16_t>(kFirstIdlePort + server), on_idle_accepted);
            }
            s.open(static_cast<u16_t>(kFirstIdleClientPort + s.idle % kIdlePerServerPort),
                   static_cast<u16_t>(kFirstIdlePort + server), on_idle_connected);
        }
        s.deliver();
        require(s.established - before == group, "lwIP did not establish every connection");
        tcp_pcb* last = tcp_active_pcbs;
        while (last->next != nullptr) last = last->next;
        last->next = there;
        there = tcp_active_pcbs;
    }
    tcp_active_pcbs = there;
}

std::size_t LwipPair::churn(std::size_t count, std::size_t at_a_time) {
    State& s = *state_;
    s.closed = 0;
    for (std::size_t opened = 0; opened < count;) {
        const std::size_t group = std::min(at_a_time, count - opened);
        for (std::size_t i = 0; i < group; ++i) s.open(0, kChurnPort, on_churn_connected);
        opened += group;
        s.deliver();
        forget_time_wait();
    }
    return s.closed;
}

const char* lwip_version() { return LWIP_VERSION_STRING; }

}  // namespace hourglass::bench
