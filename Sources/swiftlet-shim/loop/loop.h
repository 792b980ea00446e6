// A listening SOCK_SEQPACKET socket with its clients, and the epoll loop under it. Both modes of the shim are built on it. Includes wire and
// system; inside, server.c uses answers.c, and that one watch.c.
#pragma once

#include "wire/wire.h"

// Something the loop waits for. `ready` may free the watch: the loop fetches one event at a time, so that no later event
// of the same batch can point at freed memory; epoll's own queue makes the turns fair.
struct watch {
    int fd;
    void (*ready)(struct watch *watch, uint32_t events);
};

#define CLIENTS_MAX 64

struct server;

struct client {
    struct watch watch;
    struct server *server;
    struct client *next;
    uint64_t serial; // names the connection in answers that come later
    bool subscribed;
    bool behind; // was offered something that it had no room for
};

struct server {
    int epoll;
    struct watch listener;
    struct client *clients;
    size_t client_count;
    uint64_t next_serial;
    void (*handle)(struct server *server, struct client *client, struct request *request);
    void (*caught_up)(struct server *server); // a client that was behind has room again
};

// server.c
// Listens on `name` in `directory` with mode 0600. A stale socket file is replaced: the caller holds the lock.
int server_open(struct server *server, int directory, const char *name, struct fault *fault);

// watch.c
int server_watch(struct server *server, struct watch *watch, uint32_t events);
// Of a watched one; cannot fail. EPOLLET alone is silence: without it the loop would spin at the other side's end.
void server_change(struct server *server, struct watch *watch, uint32_t events);
void server_unwatch(struct server *server, struct watch *watch);
// Waits for one event (or the timeout in ms, -1 = none) and handles it. False when none came.
bool server_turn(struct server *server, int timeout);

// answers.c
// A client that is gone or does not read is disconnected instead of being waited for. It comes back and asks what it has missed.
void server_reply(struct server *server, uint64_t serial, struct message *message);
void server_reply_status(struct server *server, uint64_t serial, const struct request *request, const struct fault *fault);
void server_broadcast(struct server *server, struct message *message);
// For what may be told later, and then once for many times: never fills a client's socket. False when some subscriber has not got it;
// `caught_up` comes when it has read what it was sent before.
bool server_offer(struct server *server, struct message *message);
