// Encoding and decoding of swl_wire.h: fields, messages, requests. Includes system only.
#pragma once

#include "system/system.h"

struct field {
    uint16_t tag;
    uint16_t flags;
    uint32_t length;
    const uint8_t *payload;
};

struct fields {
    const uint8_t *at;
    const uint8_t *end;
};

// fields.c
// Returns the bytes of a payload with its padding.
static inline size_t field_padded(size_t length)
{
    return (length + 7) & ~(size_t)7;
}
// Returns 1 for a field, 0 at the end, -1 for a malformed one.
int fields_next(struct fields *fields, struct field *field);
// Copies a fixed struct from the start of a payload. The size must match exactly unless strings may follow.
bool field_struct(const struct field *field, void *out, size_t size, bool strings_follow);
// Copies a valid id into `out` (SWL_ID_MAX + 1 bytes); returns false for an invalid one.
bool field_id(const struct field *field, char *out);
// Matches [a-z0-9-]{1,64}.
bool id_is_valid(const void *id, size_t length);

// A message under construction. All messages share one buffer: replies are built and sent one at a time.
struct message {
    uint8_t *bytes;
    size_t length;
    bool overflow;
    int fds[SWL_FDS_MAX];
    uint32_t roles[SWL_FDS_MAX];
    size_t fd_count;
};

// message.c
struct message *message_begin(uint16_t type, uint32_t sequence);
void message_field(struct message *message, uint16_t tag, const void *head, size_t head_length, const void *tail,
                   size_t tail_length);
void message_string(struct message *message, uint16_t tag, const char *text);
// The caller keeps the descriptor.
void message_fd(struct message *message, uint32_t role, int fd);
void message_status(struct message *message, const struct fault *fault);
void message_warning(struct message *message, const struct fault *fault);
// Never blocks. Returns -1 and errno, EAGAIN when the peer does not read.
int message_send(struct message *message, int socket);

// pid, cgroup, time
#define LAUNCH_NAMESPACES_MAX 3

struct request {
    uint16_t type;
    uint32_t sequence;
    char sandbox[SWL_ID_MAX + 1];
    char container[SWL_ID_MAX + 1];
    char exec[SWL_ID_MAX + 1];
    struct swl_signal signal;
    bool has_signal;
    struct swl_console_size console_size;
    bool has_console_size;
    struct swl_shim_limits limits;
    int record;
    int cgroup;
    int stdio[3];
    int hook_state;
    int sources[SWL_FDS_MAX];
    size_t source_count;
    int namespaces[LAUNCH_NAMESPACES_MAX]; // LAUNCH
    size_t namespace_count;
};

// request.c
// Returns 1 for a request; 0 when the peer closed or sent something that is not a message; -1 when nothing has arrived yet; -2
// for a refused message whose type and sequence are known (fault is set).
int request_receive(int socket, struct request *request, struct fault *fault);
void request_close(struct request *request);
