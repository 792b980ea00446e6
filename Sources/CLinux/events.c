#define _GNU_SOURCE
#include "CLinux.h"

#include <string.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <sys/inotify.h>
#include <time.h>

_Static_assert(sizeof(struct swl_inotify_header) == sizeof(struct inotify_event), "the kernel's event header");
_Static_assert(EPOLL_CTL_ADD == 1 && EPOLL_CTL_DEL == 2 && EPOLL_CTL_MOD == 3, "SWL_EPOLL_CTL_*");

#define EVENTS_MAX 64

int swl_inotify_init(void)
{
    return inotify_init1(IN_CLOEXEC | IN_NONBLOCK);
}

int swl_inotify_add(int fd, const char *path, uint32_t mask)
{
    return inotify_add_watch(fd, path, mask);
}

int swl_inotify_remove(int fd, int watch)
{
    return inotify_rm_watch(fd, watch);
}

int swl_epoll_create(void)
{
    return epoll_create1(EPOLL_CLOEXEC);
}

int swl_epoll_control(int epoll, int operation, int fd, uint32_t events, uint64_t token)
{
    struct epoll_event event = {.events = events, .data.u64 = token};
    return epoll_ctl(epoll, operation, fd, &event);
}

int swl_epoll_wait(int epoll, uint64_t *tokens, int capacity, int timeout)
{
    struct epoll_event events[EVENTS_MAX];
    int count = epoll_wait(epoll, events, capacity < EVENTS_MAX ? capacity : EVENTS_MAX, timeout);
    for (int i = 0; i < count; i++)
        tokens[i] = events[i].data.u64;
    return count;
}

int swl_eventfd(void)
{
    return eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
}

int64_t swl_clock_nanoseconds(int clock)
{
    struct timespec now;
    if (clock_gettime((clockid_t)clock, &now) < 0)
        return -1;
    return (int64_t)now.tv_sec * 1000000000 + now.tv_nsec;
}

int swl_clock_realtime(void)
{
    return CLOCK_REALTIME;
}

int swl_clock_monotonic(void)
{
    return CLOCK_MONOTONIC;
}

int swl_clock_boottime(void)
{
    return CLOCK_BOOTTIME;
}

const char *swl_errno_name(int number)
{
    return strerrorname_np(number);
}

const char *swl_errno_text(int number)
{
    return strerrordesc_np(number);
}
