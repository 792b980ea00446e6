#include "server.h"

#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>

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

// False when nobody waits, or nobody can be let in: no descriptor is free.
static bool client_accept(struct server *server)
{
    OWNED int fd = accept4(server->listener.fd, NULL, NULL, SOCK_CLOEXEC | SOCK_NONBLOCK);
    if (fd < 0) {
        return false;
    }
    // The mode of the socket file already keeps others out; the peer's uid holds where a file mode was changed.
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
    // Through the directory's descriptor: sun_path holds 107 bytes, run directories can be longer.
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
    // Told once: who cannot be let in for want of descriptors waits for the next that comes or goes, and does not keep the loop turning.
    if (server_watch(server, &server->listener, EPOLLIN | EPOLLET) != 0) {
        return fail(fault, SWL_STEP_SPAWN, "epoll_ctl");
    }
    return 0;
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

void server_reply(struct server *server, uint64_t serial, struct message *message)
{
    for (struct client *client = server->clients; client; client = client->next) {
        if (client->serial == serial) {
            if (message_send(message, client->watch.fd) != 0) {
                // The loop finds the closed connection and frees the client; freeing it here would pull it from under callers.
                shutdown(client->watch.fd, SHUT_RDWR);
            }
            return;
        }
    }
}

void server_reply_status(struct server *server, uint64_t serial, const struct request *request, const struct fault *fault)
{
    struct message *message = message_begin(request->type | SWL_REPLY, request->sequence);
    message_status(message, fault);
    server_reply(server, serial, message);
}

static void tell(struct client *client, struct message *message)
{
    if (message_send(message, client->watch.fd) != 0) {
        client->subscribed = false;
        shutdown(client->watch.fd, SHUT_RDWR);
    }
}

void server_broadcast(struct server *server, struct message *message)
{
    for (struct client *client = server->clients; client; client = client->next) {
        if (client->subscribed) {
            tell(client, message);
        }
    }
}

// A unix socket is writable while at most a quarter of it is taken: the rest is for what cannot wait.
static bool has_room(const struct client *client)
{
    struct pollfd state = {.fd = client->watch.fd, .events = POLLOUT};
    return poll(&state, 1, 0) == 1 && (state.revents & POLLOUT);
}

bool server_offer(struct server *server, struct message *message)
{
    bool told = true;
    for (struct client *client = server->clients; client; client = client->next) {
        if (!client->subscribed) {
            continue;
        }
        if (!client->behind && has_room(client)) {
            tell(client, message);
            continue;
        }
        told = false;
        if (!client->behind) {
            client->behind = true;
            server_change(server, &client->watch, EPOLLIN | EPOLLOUT);
        }
    }
    return told;
}
