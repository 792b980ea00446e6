#include "loop/loop.h"

#include <stdio.h>
#include <stdlib.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>

static void listener_ready(struct watch *watch, uint32_t events);

static void client_drop(struct client *client)
{
    struct server *server = client->server;
    for (struct client **link = &server->clients; *link; link = &(*link)->next) {
        if (*link == client) {
            *link = client->next;
            break;
        }
    }
    server_unwatch(server, &client->watch);
    server->client_count--;
    free(client);
    listener_ready(&server->listener, 0);
}

static void client_ready(struct watch *watch, uint32_t events)
{
    struct client *client = (struct client *)watch;
    struct server *server = client->server;
    struct request request;
    struct fault fault;
    if ((events & EPOLLOUT) && client->behind) {
        client->behind = false;
        server_change(server, watch, EPOLLIN);
        server->caught_up(server);
    }
    switch (request_receive(watch->fd, &request, &fault)) {
    case 1:
        server->handle(server, client, &request);
        request_close(&request);
        break;
    case -1:
        break;
    case -2:
        server_reply_status(server, client->serial, &request, &fault);
        break;
    default:
        client_drop(client);
    }
}

// Returns false when no client waits, or when no descriptor is free for it.
static bool client_accept(struct server *server)
{
    OWNED int fd = accept4(server->listener.fd, NULL, NULL, SOCK_CLOEXEC | SOCK_NONBLOCK);
    if (fd < 0) {
        return false;
    }
    // The mode of the socket file already keeps other users out. The peer's uid is checked in case the mode was changed.
    struct ucred peer;
    socklen_t size = sizeof peer;
    if (getsockopt(fd, SOL_SOCKET, SO_PEERCRED, &peer, &size) != 0 || peer.uid != 0 || server->client_count >= CLIENTS_MAX) {
        return true;
    }
    struct client *client = calloc(1, sizeof *client);
    if (!client) {
        return true;
    }
    client->watch = (struct watch){fd, client_ready};
    client->server = server;
    client->serial = ++server->next_serial;
    if (server_watch(server, &client->watch, EPOLLIN) != 0) {
        free(client);
        return true;
    }
    take(&fd);
    client->next = server->clients;
    server->clients = client;
    server->client_count++;
    return true;
}

static void listener_ready(struct watch *watch, uint32_t events)
{
    (void)events;
    struct server *server = (struct server *)((char *)watch - offsetof(struct server, listener));
    while (client_accept(server)) {
    }
}

int server_open(struct server *server, int directory, const char *name, struct fault *fault)
{
    server->epoll = epoll_create1(EPOLL_CLOEXEC);
    if (server->epoll < 0) {
        return fail(fault, SWL_STEP_SPAWN, "epoll_create1");
    }
    OWNED int fd = socket(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
    if (fd < 0) {
        return fail(fault, SWL_STEP_SPAWN, "socket");
    }
    // By the directory's descriptor: sun_path holds 107 bytes, and run directories can be longer.
    struct sockaddr_un address = {.sun_family = AF_UNIX};
    snprintf(address.sun_path, sizeof address.sun_path, "/proc/self/fd/%d/%s", directory, name);
    unlinkat(directory, name, 0);
    mode_t previous = umask(0177);
    int bound = bind(fd, (struct sockaddr *)&address, sizeof address);
    umask(previous);
    if (bound != 0 || listen(fd, CLIENTS_MAX) != 0) {
        return fail(fault, SWL_STEP_SPAWN, "listen on %s", name);
    }
    server->listener = (struct watch){take(&fd), listener_ready};
    // Edge-triggered: a client that cannot be accepted for lack of descriptors waits until another one comes or goes, and does
    // not spin the loop.
    if (server_watch(server, &server->listener, EPOLLIN | EPOLLET) != 0) {
        return fail(fault, SWL_STEP_SPAWN, "epoll_ctl");
    }
    return 0;
}
