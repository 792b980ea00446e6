// Messages from a socket, with descriptors. Input: one byte for the number of descriptors and the kind of header, then the
// message.
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>

#include "check.h"
#include "wire/wire.h"

static int pair[2] = {-1, -1};

static int lowest_free(void)
{
    int fd = fcntl(0, F_DUPFD_CLOEXEC, 0);
    close(fd);
    return fd;
}

static void send_message(const uint8_t *message, size_t size, size_t count)
{
    union {
        struct cmsghdr header;
        char space[CMSG_SPACE(sizeof(int) * 8)];
    } control = {0};
    struct iovec part = {(void *)message, size};
    struct msghdr packet = {.msg_iov = &part, .msg_iovlen = 1};
    int fds[8];
    if (count) {
        packet.msg_control = &control;
        packet.msg_controllen = CMSG_SPACE(sizeof(int) * count);
        struct cmsghdr *head = CMSG_FIRSTHDR(&packet);
        head->cmsg_level = SOL_SOCKET;
        head->cmsg_type = SCM_RIGHTS;
        head->cmsg_len = CMSG_LEN(sizeof(int) * count);
        for (size_t i = 0; i < count; i++) {
            fds[i] = 0;
        }
        memcpy(CMSG_DATA(head), fds, sizeof(int) * count);
    }
    CHECK(sendmsg(pair[0], &packet, MSG_NOSIGNAL) == (ssize_t)size);
}

static bool is_id(const char *id)
{
    return id[0] == 0 || id_is_valid(id, strlen(id));
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    if (pair[0] < 0) {
        CHECK(socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, pair) == 0);
    }
    if (size < 2 || size > 8192) {
        return 0;
    }
    static uint8_t message[8192 + sizeof(struct swl_header)];
    size_t length = size - 1;
    if (data[0] & 8) {
        memcpy(message, data + 1, length);
    } else {
        length += sizeof(struct swl_header);
        struct swl_header header = {SWL_WIRE_MAGIC, SWL_WIRE_VERSION, data[0], (uint32_t)length, 7};
        memcpy(message, &header, sizeof header);
        memcpy(message + sizeof header, data + 1, size - 1);
    }
    int before = lowest_free();
    send_message(message, length, data[0] & 7);
    struct request request;
    struct fault fault = {0};
    int result = request_receive(pair[1], &request, &fault);
    CHECK(result == 0 || result == 1 || result == -2);
    CHECK(result != -2 || (fault.error && fault.length == strlen(fault.text)));
    if (result == 1) {
        CHECK(is_id(request.sandbox) && is_id(request.container) && is_id(request.exec) && request.source_count <= 7);
        request_close(&request);
    }
    // None of its descriptors stays open, whatever the result.
    CHECK(lowest_free() == before);
    return 0;
}
