#include "wire.h"

#include <string.h>
#include <sys/socket.h>

static size_t padded(size_t length)
{
    return (length + 7) & ~(size_t)7;
}

int fields_next(struct fields *fields, struct field *field)
{
    size_t left = (size_t)(fields->end - fields->at);
    if (left == 0) {
        return 0;
    }
    struct swl_field head;
    if (left < sizeof head) {
        return -1;
    }
    memcpy(&head, fields->at, sizeof head);
    if (head.length > left - sizeof head || padded(head.length) > left - sizeof head) {
        return -1;
    }
    *field = (struct field){head.tag, head.flags, head.length, fields->at + sizeof head};
    fields->at += sizeof head + padded(head.length);
    return 1;
}

bool field_struct(const struct field *field, void *out, size_t size, bool strings_follow)
{
    if (field->length < size || (!strings_follow && field->length != size)) {
        return false;
    }
    memcpy(out, field->payload, size);
    return true;
}

bool field_id(const struct field *field, char *out)
{
    if (!id_is_valid(field->payload, field->length)) {
        return false;
    }
    memcpy(out, field->payload, field->length);
    out[field->length] = 0;
    return true;
}

static uint8_t out_bytes[SWL_MESSAGE_MAX] __attribute__((aligned(8)));
static uint8_t in_bytes[SWL_MESSAGE_MAX] __attribute__((aligned(8)));

struct message *message_begin(uint16_t type, uint32_t sequence)
{
    static struct message message;
    message.bytes = out_bytes;
    message.length = sizeof(struct swl_header);
    message.overflow = false;
    message.fd_count = 0;
    struct swl_header header = {SWL_WIRE_MAGIC, SWL_WIRE_VERSION, type, 0, sequence};
    memcpy(message.bytes, &header, sizeof header);
    return &message;
}

void message_field(struct message *message, uint16_t tag, const void *head, size_t head_length, const void *tail,
                   size_t tail_length)
{
    size_t length = head_length + tail_length, room = SWL_MESSAGE_MAX - message->length;
    if (message->overflow || sizeof(struct swl_field) + padded(length) > room) {
        message->overflow = true;
        return;
    }
    struct swl_field field = {tag, 0, (uint32_t)length};
    uint8_t *at = message->bytes + message->length;
    memcpy(at, &field, sizeof field);
    if (head_length) {
        memcpy(at + sizeof field, head, head_length);
    }
    if (tail_length) {
        memcpy(at + sizeof field + head_length, tail, tail_length);
    }
    memset(at + sizeof field + length, 0, padded(length) - length);
    message->length += sizeof field + padded(length);
}

void message_string(struct message *message, uint16_t tag, const char *text)
{
    message_field(message, tag, text, strlen(text), NULL, 0);
}

void message_fd(struct message *message, uint32_t role, int fd)
{
    if (message->fd_count == SWL_FDS_MAX) {
        message->overflow = true;
        return;
    }
    message->fds[message->fd_count] = fd;
    message->roles[message->fd_count++] = role;
}

void message_status(struct message *message, const struct fault *fault)
{
    struct swl_status status = {fault ? fault->step : SWL_STEP_NONE, 0, fault ? fault->error : 0};
    message_field(message, SWL_TAG_STATUS, &status, sizeof status, NULL, 0);
    if (fault) {
        message_field(message, SWL_TAG_STATUS_TEXT, fault->text, fault->length, NULL, 0);
    }
}

void message_warning(struct message *message, const struct fault *fault)
{
    struct swl_status status = {fault->step, 0, fault->error};
    message_field(message, SWL_TAG_WARNING, &status, sizeof status, fault->text, fault->length);
}

union control {
    struct cmsghdr header;
    char space[CMSG_SPACE(sizeof(int) * SWL_FDS_MAX)];
};

int message_send(struct message *message, int socket)
{
    if (message->fd_count) {
        message_field(message, SWL_TAG_FDS, message->roles, message->fd_count * sizeof(uint32_t), NULL, 0);
    }
    if (message->overflow) {
        errno = EMSGSIZE;
        return -1;
    }
    uint32_t length = (uint32_t)message->length;
    memcpy(message->bytes + offsetof(struct swl_header, length), &length, sizeof length);
    struct iovec part = {message->bytes, message->length};
    struct msghdr packet = {.msg_iov = &part, .msg_iovlen = 1};
    union control control;
    if (message->fd_count) {
        size_t size = message->fd_count * sizeof(int);
        memset(&control, 0, CMSG_SPACE(size));
        packet.msg_control = &control;
        packet.msg_controllen = CMSG_SPACE(size);
        struct cmsghdr *head = CMSG_FIRSTHDR(&packet);
        head->cmsg_level = SOL_SOCKET;
        head->cmsg_type = SCM_RIGHTS;
        head->cmsg_len = CMSG_LEN(size);
        memcpy(CMSG_DATA(head), message->fds, size);
    }
    ssize_t sent;
    do {
        sent = sendmsg(socket, &packet, MSG_NOSIGNAL | MSG_DONTWAIT);
    } while (sent < 0 && errno == EINTR);
    return sent < 0 ? -1 : 0;
}

void request_close(struct request *request)
{
    close_owned(&request->record);
    close_owned(&request->cgroup);
    for (size_t i = 0; i < 3; i++) {
        close_owned(&request->stdio[i]);
    }
    for (size_t i = 0; i < request->source_count; i++) {
        close_owned(&request->sources[i]);
    }
    request->source_count = 0;
    for (size_t i = 0; i < request->namespace_count; i++) {
        close_owned(&request->namespaces[i]);
    }
    request->namespace_count = 0;
    close_owned(&request->hook_state);
}

static int *namespace_place(struct request *request)
{
    if (request->namespace_count == sizeof request->namespaces / sizeof *request->namespaces) {
        return NULL;
    }
    request->namespaces[request->namespace_count] = -1;
    return &request->namespaces[request->namespace_count++];
}

static int *descriptor_place(struct request *request, uint32_t role)
{
    switch (role) {
    case SWL_FD_RECORD:
        return &request->record;
    case SWL_FD_CGROUP:
        return &request->cgroup;
    case SWL_FD_STDIN:
    case SWL_FD_STDOUT:
    case SWL_FD_STDERR:
        return &request->stdio[role - SWL_FD_STDIN];
    case SWL_FD_HOOK_STATE:
        return &request->hook_state;
    case SWL_FD_NAMESPACE:
    case SWL_FD_MOUNT_SOURCE:
        if (role == SWL_FD_NAMESPACE && request->type == SWL_VERB_LAUNCH) {
            return namespace_place(request);
        }
        // A sandbox has no mounts, so that one list will do.
        if ((role == SWL_FD_NAMESPACE) != (request->type == SWL_VERB_CREATE_SANDBOX)) {
            return NULL;
        }
        request->sources[request->source_count] = -1;
        return &request->sources[request->source_count++];
    default:
        return NULL;
    }
}

// Every descriptor finds its place, or all are closed by the caller.
static int assign_descriptors(struct request *request, const struct field *roles, int *fds, size_t count, struct fault *fault)
{
    if ((roles->payload ? roles->length : 0) != count * sizeof(uint32_t)) {
        return refuse(fault, SWL_STEP_MESSAGE, EINVAL, "%zu descriptors came with %u bytes of roles", count, roles->length);
    }
    for (size_t i = 0; i < count; i++) {
        uint32_t role;
        memcpy(&role, roles->payload + i * sizeof role, sizeof role);
        int *place = descriptor_place(request, role);
        if (!place || *place >= 0) {
            return refuse(fault, SWL_STEP_MESSAGE, EINVAL, "descriptor %zu has the unknown or repeated role %u", i, role);
        }
        *place = take(&fds[i]);
    }
    return 0;
}

static int decode(struct request *request, struct fields fields, int *fds, size_t count, struct fault *fault)
{
    struct field field, roles = {0};
    int more;
    while ((more = fields_next(&fields, &field)) == 1) {
        bool good = true;
        switch (field.tag) {
        case SWL_TAG_FDS:
            good = roles.payload == NULL;
            roles = field;
            break;
        case SWL_TAG_SANDBOX_ID:
            good = field_id(&field, request->sandbox);
            break;
        case SWL_TAG_CONTAINER_ID:
            good = field_id(&field, request->container);
            break;
        case SWL_TAG_EXEC_ID:
            good = field_id(&field, request->exec);
            break;
        case SWL_TAG_SIGNAL:
            good = request->has_signal = field_struct(&field, &request->signal, sizeof request->signal, false);
            break;
        case SWL_TAG_CONSOLE_SIZE:
            good = request->has_console_size = field_struct(&field, &request->console_size, sizeof request->console_size, false);
            break;
        case SWL_TAG_SHIM_LIMITS:
            good = field_struct(&field, &request->limits, sizeof request->limits, false);
            break;
        default:
            good = !(field.flags & SWL_FIELD_MUST_UNDERSTAND);
        }
        if (!good) {
            return refuse(fault, SWL_STEP_MESSAGE, EINVAL, "field with tag %u and %u bytes is malformed or unknown", field.tag,
                          field.length);
        }
    }
    if (more < 0) {
        return refuse(fault, SWL_STEP_MESSAGE, EBADMSG, "a field ends after the end of the message");
    }
    return assign_descriptors(request, &roles, fds, count, fault);
}

int request_receive(int socket, struct request *request, struct fault *fault)
{
    union control control;
    struct iovec part = {in_bytes, sizeof in_bytes};
    struct msghdr packet = {.msg_iov = &part, .msg_iovlen = 1, .msg_control = &control, .msg_controllen = sizeof control};
    memset(request, 0, sizeof *request);
    request->limits = (struct swl_shim_limits){.nofile = 65536, .core = UINT64_MAX, .oom_score_adj = -998, .umask = 0022};
    request->record = request->cgroup = request->hook_state = request->stdio[0] = request->stdio[1] = request->stdio[2] = -1;

    ssize_t length = recvmsg(socket, &packet, MSG_DONTWAIT | MSG_CMSG_CLOEXEC);
    if (length < 0) {
        return errno == EAGAIN || errno == EINTR ? -1 : 0;
    }
    int fds[SWL_FDS_MAX];
    size_t count = 0;
    for (struct cmsghdr *head = CMSG_FIRSTHDR(&packet); head; head = CMSG_NXTHDR(&packet, head)) {
        if (head->cmsg_level == SOL_SOCKET && head->cmsg_type == SCM_RIGHTS) {
            size_t size = head->cmsg_len - CMSG_LEN(0);
            memcpy(fds, CMSG_DATA(head), size);
            count = size / sizeof(int);
        }
    }
    int result = 0;
    struct swl_header header;
    if ((size_t)length >= sizeof header) {
        memcpy(&header, in_bytes, sizeof header);
        request->type = header.type;
        request->sequence = header.sequence;
        if (header.magic != SWL_WIRE_MAGIC) {
            result = 0;
        } else if (header.version == 0 || header.version > SWL_WIRE_VERSION) {
            refuse(fault, SWL_STEP_MESSAGE, EPROTONOSUPPORT, "wire version %u, this shim speaks 1 to %u", header.version,
                   SWL_WIRE_VERSION);
            result = -2;
        } else if (header.length != (size_t)length || (packet.msg_flags & (MSG_TRUNC | MSG_CTRUNC))) {
            refuse(fault, SWL_STEP_MESSAGE, EBADMSG, "message of %zd bytes says it has %u, or was cut off", length,
                   header.length);
            result = -2;
        } else {
            struct fields fields = {in_bytes + sizeof header, in_bytes + length};
            result = decode(request, fields, fds, count, fault) == 0 ? 1 : -2;
        }
    }
    for (size_t i = 0; i < count; i++) {
        close_owned(&fds[i]);
    }
    if (result != 1) {
        request_close(request);
    }
    return result;
}
