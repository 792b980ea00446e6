// A listening SOCK_SEQPACKET socket with its clients, and the epoll loop under it; spawner and sandbox are built on it. Includes
// wire and system. Inside, server.c uses answers.c, which uses watch.c.
#pragma once

#include "wire/wire.h"

// A descriptor that the loop waits for. `ready` may free the watch: the loop fetches one event at a time, so no later event of
// the same batch can point at freed memory. The queue of epoll keeps the turns fair.
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
    uint64_t serial; // identifies the connection in later answers
    bool subscribed;
    bool behind; // a message was offered while its socket was full
};

struct server {
    int epoll;
    struct watch listener;
    struct client *clients;
    size_t client_count;
    uint64_t next_serial;
    void (*handle)(struct server *server, struct client *client, struct request *request);
    void (*caught_up)(struct server *server); // the socket of a client that was behind has room again
};

// server.c
// Listens on `name` in `directory` with mode 0600. Replaces a stale socket file: the caller holds the lock.
int server_open(struct server *server, int directory, const char *name, struct fault *fault);

// watch.c
int server_watch(struct server *server, struct watch *watch, uint32_t events);
// Changes the events of a watch; cannot fail. EPOLLET alone silences it: without EPOLLET the loop would spin when the peer
// closes.
void server_change(struct server *server, struct watch *watch, uint32_t events);
void server_unwatch(struct server *server, struct watch *watch);
// Waits for one event (or the timeout in ms, -1 = none) and handles it. Returns false when none came.
bool server_turn(struct server *server, int timeout);

// answers.c
// These calls disconnect a client that is gone or does not read, instead of waiting for it. It reconnects and asks QUERY.
void server_reply(struct server *server, uint64_t serial, struct message *message);
void server_reply_status(struct server *server, uint64_t serial, const struct request *request, const struct fault *fault);
void server_broadcast(struct server *server, struct message *message);
// Sends a message that may arrive late, once for many events: it never fills a client's socket. Returns false when a subscriber
// did not get the message; `caught_up` is called when that subscriber has read what is in its socket.
bool server_offer(struct server *server, struct message *message);
