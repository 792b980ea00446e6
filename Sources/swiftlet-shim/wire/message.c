#include "wire/control.h"
#include "wire/wire.h"

#include <string.h>

static uint8_t out_bytes[SWL_MESSAGE_MAX] __attribute__((aligned(8)));

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
    if (message->overflow || sizeof(struct swl_field) + field_padded(length) > room) {
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
    memset(at + sizeof field + length, 0, field_padded(length) - length);
    message->length += sizeof field + field_padded(length);
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
