#pragma once

// The shape of packetdrill's interface to a stack in a shared object: a table of functions, each with the data pointer
// first and otherwise like the POSIX or Linux call of its name. The order is the interface.

#include <cstddef>
#include <poll.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <sys/types.h>
#include <sys/uio.h>

extern "C" {

struct packetdrill_interface {
    void* userdata;
    void (*free)(void* userdata);
    int (*socket)(void* userdata, int domain, int type, int protocol);
    int (*bind)(void* userdata, int fd, const struct sockaddr* address, socklen_t size);
    int (*listen)(void* userdata, int fd, int backlog);
    int (*accept)(void* userdata, int fd, struct sockaddr* address, socklen_t* size);
    int (*connect)(void* userdata, int fd, const struct sockaddr* address, socklen_t size);
    ssize_t (*read)(void* userdata, int fd, void* buffer, size_t size);
    ssize_t (*readv)(void* userdata, int fd, const struct iovec* buffers, int count);
    ssize_t (*recv)(void* userdata, int fd, void* buffer, size_t size, int flags);
    ssize_t (*recvfrom)(void* userdata, int fd, void* buffer, size_t size, int flags, struct sockaddr* from,
                        socklen_t* from_size);
    ssize_t (*recvmsg)(void* userdata, int fd, struct msghdr* message, int flags);
    ssize_t (*write)(void* userdata, int fd, const void* bytes, size_t size);
    ssize_t (*writev)(void* userdata, int fd, const struct iovec* buffers, int count);
    ssize_t (*send)(void* userdata, int fd, const void* bytes, size_t size, int flags);
    ssize_t (*sendto)(void* userdata, int fd, const void* bytes, size_t size, int flags, const struct sockaddr* to,
                      socklen_t to_size);
    ssize_t (*sendmsg)(void* userdata, int fd, const struct msghdr* message, int flags);
    int (*fcntl)(void* userdata, int fd, int command, ...);
    int (*ioctl)(void* userdata, int fd, unsigned long request, ...);
    int (*close)(void* userdata, int fd);
    int (*shutdown)(void* userdata, int fd, int how);
    int (*getsockopt)(void* userdata, int fd, int level, int option, void* value, socklen_t* size);
    int (*setsockopt)(void* userdata, int fd, int level, int option, const void* value, socklen_t size);
    int (*poll)(void* userdata, struct pollfd* entries, nfds_t count, int timeout_ms);
    /// A raw IP packet goes into the stack.
    int (*netdev_send)(void* userdata, const void* packet, size_t size);
    /// The next packet that the stack sends, at the latest when nothing will happen any more: then 0 with *size 0.
    int (*netdev_receive)(void* userdata, void* packet, size_t* size, long long* time_usecs);
    int (*usleep)(void* userdata, useconds_t usecs);
    int (*gettimeofday)(void* userdata, struct timeval* time, struct timezone* zone);
    int (*epoll_create)(void* userdata, int size);
    int (*epoll_ctl)(void* userdata, int epoll, int operation, int fd, struct epoll_event* event);
    int (*epoll_wait)(void* userdata, int epoll, struct epoll_event* events, int room, int timeout_ms);
    int (*pipe)(void* userdata, int ends[2]);
    ssize_t (*splice)(void* userdata, int in, loff_t* in_offset, int out, loff_t* out_offset, size_t size,
                      unsigned int flags);
};

/// Makes a stack as `flags` say (docs/sockets.md) and fills in the table. Null flags are none. What is wrong with them
/// is said on stderr, and the program ends.
void packetdrill_interface_init(const char* flags, struct packetdrill_interface* interface);

}  // extern "C"
