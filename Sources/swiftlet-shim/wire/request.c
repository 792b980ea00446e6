#include "wire/control.h"
#include "wire/wire.h"

#include <string.h>

static uint8_t in_bytes[SWL_MESSAGE_MAX] __attribute__((aligned(8)));

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
        // A sandbox has no mounts, so one list serves both roles.
        if ((role == SWL_FD_NAMESPACE) != (request->type == SWL_VERB_CREATE_SANDBOX)) {
            return NULL;
        }
        request->sources[request->source_count] = -1;
        return &request->sources[request->source_count++];
    default:
        return NULL;
    }
}

// Gives every descriptor its place. On failure the caller closes them all.
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
            refuse(fault, SWL_STEP_MESSAGE, EBADMSG, "the message has %zd bytes and states %u, or was cut off", length,
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
