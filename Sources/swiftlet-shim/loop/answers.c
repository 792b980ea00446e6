#include "loop/loop.h"

#include <poll.h>
#include <sys/epoll.h>
#include <sys/socket.h>

void server_reply(struct server *server, uint64_t serial, struct message *message)
{
    for (struct client *client = server->clients; client; client = client->next) {
        if (client->serial == serial) {
            if (message_send(message, client->watch.fd) != 0) {
                // The loop finds the closed connection and frees the client. Freeing it here would leave callers with a dangling
                // pointer.
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

static void deliver(struct client *client, struct message *message)
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
            deliver(client, message);
        }
    }
}

// A unix socket is writable while at most a quarter of it is full. The rest stays free for messages that cannot wait.
static bool has_room(const struct client *client)
{
    struct pollfd state = {.fd = client->watch.fd, .events = POLLOUT};
    return poll(&state, 1, 0) == 1 && (state.revents & POLLOUT);
}

bool server_offer(struct server *server, struct message *message)
{
    bool complete = true;
    for (struct client *client = server->clients; client; client = client->next) {
        if (!client->subscribed) {
            continue;
        }
        if (!client->behind && has_room(client)) {
            deliver(client, message);
            continue;
        }
        complete = false;
        if (!client->behind) {
            client->behind = true;
            server_change(server, &client->watch, EPOLLIN | EPOLLOUT);
        }
    }
    return complete;
}
