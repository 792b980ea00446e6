// Compares the log splitter with a simple model: both produce the same lines, whatever the sizes of the reads and wherever the
// file is rotated. Input: one byte of settings, then three bytes for each read: its length, its options (times 97, so that 16 KiB
// are soon passed; newlines), and its content.
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>

#include "check.h"
#include "log/log.h"

// Every byte can be a line with 40 bytes before it.
#define INPUT_MAX (1 << 17)
#define OUTPUT_MAX (42 * INPUT_MAX)

static struct server server;
static char input[INPUT_MAX], wanted[OUTPUT_MAX], found[OUTPUT_MAX];
static size_t found_length;
static uint64_t limit;

// Replacements: this test uses no event loop and no file system.
void server_unwatch(struct server *unused, struct watch *watch)
{
    (void)unused;
    close_owned(&watch->fd);
}

static void collect(struct log *log)
{
    struct stat status;
    CHECK(fstat(log->fd, &status) == 0 && (uint64_t)status.st_size == log->size);
    size_t size = (size_t)status.st_size;
    CHECK(found_length + size <= OUTPUT_MAX && pread(log->fd, found + found_length, size, 0) == (ssize_t)size);
    // A file is longer than the limit only when it has a single line.
    const char *first = memchr(found + found_length, '\n', size);
    CHECK(!limit || size <= limit || first == found + found_length + size - 1);
    CHECK(size == 0 || found[found_length + size - 1] == '\n');
    found_length += size;
}

void log_rotate(struct log *log)
{
    CHECK(limit && log->size);
    collect(log);
    CHECK(ftruncate(log->fd, 0) == 0 && lseek(log->fd, 0, SEEK_SET) == 0);
    log->size = 0;
}

// The model: cuts at newlines, drops one "\r" before each, splits lines that are too long.
static size_t model(const char *bytes, size_t length)
{
    char *out = wanted;
    for (size_t at = 0; at < length;) {
        const char *newline = memchr(bytes + at, '\n', length - at);
        size_t end = newline ? (size_t)(newline - bytes) : length;
        while (end - at > LOG_LINE_MAX) {
            out += sprintf(out, "P ");
            memcpy(out, bytes + at, LOG_LINE_MAX);
            out += LOG_LINE_MAX;
            *out++ = '\n';
            at += LOG_LINE_MAX;
        }
        size_t shown = end - at;
        if (newline && shown && bytes[end - 1] == '\r') {
            shown--;
        }
        out += sprintf(out, newline ? "F " : "P ");
        memcpy(out, bytes + at, shown);
        out += shown;
        *out++ = '\n';
        at = end + 1;
    }
    return (size_t)(out - wanted);
}

static size_t without_times(void)
{
    char *out = found, newest[30] = "";
    for (char *at = found, *end = found + found_length; at < end;) {
        char *newline = memchr(at, '\n', (size_t)(end - at));
        CHECK(newline && newline - at >= 40 && memcmp(at + 30, " stdout ", 8) == 0);
        CHECK(at[4] == '-' && at[10] == 'T' && at[19] == '.' && at[29] == 'Z' && memcmp(newest, at, 30) <= 0);
        memcpy(newest, at, 30);
        size_t rest = (size_t)(newline + 1 - (at + 38));
        memmove(out, at + 38, rest);
        out += rest;
        at = newline + 1;
    }
    return (size_t)(out - found);
}

static void changed(struct stream *stream)
{
    (void)stream;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static int file = -1;
    if (file < 0) {
        file = memfd_create("log", MFD_CLOEXEC);
        CHECK(file >= 0);
    }
    if (size < 1 || size > 512) {
        return 0;
    }
    static const uint64_t limits[] = {0, 1, 100, 4096, 20000, 100000, 0, 0};
    limit = limits[data[0] & 7];
    CHECK(ftruncate(file, 0) == 0 && lseek(file, 0, SEEK_SET) == 0);
    int ends[2];
    CHECK(pipe2(ends, O_CLOEXEC | O_NONBLOCK) == 0);
    CHECK(fcntl(ends[1], F_SETPIPE_SZ, 1 << 18) > 0);
    struct log log = {.fd = file, .path = "/none", .limits = {limit, 5, 0}};
    struct stream stream = {
        .watch = {ends[0], stream_ready}, .server = &server, .log = &log, .name = "stdout", .changed = changed};
    size_t length = 0, in_pipe = 0;
    found_length = 0;
    for (size_t at = 1; at + 2 < size && length + 32768 < sizeof input; at += 3) {
        size_t count = (size_t)data[at] * (data[at + 1] & 1 ? 97 : 1);
        char *piece = input + length;
        memset(piece, data[at + 2], count);
        if (data[at + 1] & 2) { // lines with the line ends of other systems
            for (size_t i = (size_t)(data[at + 1] >> 4); i < count; i += 1 + (size_t)(data[at + 1] >> 3) * 23) {
                piece[i] = '\n';
                if (i && data[at + 1] & 4) {
                    piece[i - 1] = '\r';
                }
            }
        }
        CHECK(count == 0 || write(ends[1], piece, count) == (ssize_t)count);
        length += count;
        in_pipe += count;
        if (!(data[at + 1] & 8) || in_pipe > 100000) {
            while (stream_read(&stream)) {
            }
            CHECK(stream.watch.fd >= 0 && stream.partial_length <= LOG_LINE_MAX);
            in_pipe = 0;
        }
    }
    close(ends[1]);
    while (stream.watch.fd >= 0) {
        stream_read(&stream);
    }
    CHECK(!stream.partial && !log.dropped);
    collect(&log);
    size_t expected = model(input, length), got = without_times();
    CHECK(expected == got && memcmp(wanted, found, got) == 0);
    return 0;
}
