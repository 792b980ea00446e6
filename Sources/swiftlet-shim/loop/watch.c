#include "loop/loop.h"

#include <sys/epoll.h>

int server_watch(struct server *server, struct watch *watch, uint32_t events)
{
    struct epoll_event event = {.events = events, .data.ptr = watch};
    return epoll_ctl(server->epoll, EPOLL_CTL_ADD, watch->fd, &event);
}

void server_change(struct server *server, struct watch *watch, uint32_t events)
{
    struct epoll_event event = {.events = events, .data.ptr = watch};
    epoll_ctl(server->epoll, EPOLL_CTL_MOD, watch->fd, &event);
}

void server_unwatch(struct server *server, struct watch *watch)
{
    if (watch->fd >= 0) {
        epoll_ctl(server->epoll, EPOLL_CTL_DEL, watch->fd, NULL);
        close(watch->fd);
        watch->fd = -1;
    }
}

bool server_turn(struct server *server, int timeout)
{
    struct epoll_event event;
    if (epoll_wait(server->epoll, &event, 1, timeout) != 1) {
        return false;
    }
    struct watch *watch = event.data.ptr;
    watch->ready(watch, event.events);
    return true;
}
