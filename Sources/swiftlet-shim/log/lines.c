// Collects the lines of one read and writes them with one call. Copying a line costs a fifth of one more iovec in the kernel.
#include "log/log.h"

#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>

#include "log/log_time.h"

#define MARKER_MAX 256
// Room for 64 KiB of lines of 400 bytes or more; shorter lines take several writes.
#define BATCH_MAX 73728
// A larger batch gives its memory back.
#define LARGE_BATCH 16384

static struct {
    struct log *log;
    size_t used;
    size_t header_length;
    char headers[2][48]; // "<time> <stream> P " and "... F "
    size_t touched;
} batch; // one loop, one batch at a time
// The lines. Room for the marker lies in front of them, so that one write takes both.
static char bytes[MARKER_MAX + BATCH_MAX] __attribute__((aligned(PAGE)));
static char *const lines = bytes + MARKER_MAX;

void log_begin(struct log *log, const char *stream)
{
    int64_t now = realtime_ns();
    log->newest = now > log->newest ? now : log->newest;
    size_t length = strlen(stream);
    for (int full = 0; full < 2; full++) {
        char *at = batch.headers[full];
        log_time_format(log->newest, at);
        at += LOG_TIME_LENGTH;
        *at++ = ' ';
        memcpy(at, stream, length);
        at += length;
        *at++ = ' ';
        *at++ = full ? 'F' : 'P';
        *at++ = ' ';
        batch.header_length = (size_t)(at - batch.headers[full]);
    }
    batch.log = log;
    batch.used = 0;
}

// Writes the marker of lost lines in front of the lines and returns its length.
static size_t put_marker(const struct log *log)
{
    char text[MARKER_MAX], time[LOG_TIME_LENGTH];
    log_time_format(log->newest, time);
    const char *reason = strerrordesc_np(log->drop_error);
    int length = snprintf(text, sizeof text, "%.30s stderr F swiftlet: %llu log lines were lost here: %.100s\n", time,
                          (unsigned long long)log->dropped, reason ? reason : "unknown error");
    memcpy(lines - length, text, (size_t)length);
    return (size_t)length;
}

static uint64_t count_lines(const char *at, const char *end)
{
    uint64_t count = 0;
    while ((at = memchr(at, '\n', (size_t)(end - at)))) {
        at++;
        count++;
    }
    return count;
}

// Writes `length` bytes from `start`; cuts at the end of a line when not all fit. Returns the bytes now in the file, or 0 and
// errno.
static size_t append(struct log *log, const char *start, size_t length)
{
    ssize_t written;
    do {
        written = write(log->fd, start, length);
    } while (written < 0 && errno == EINTR);
    if (written < 0) {
        return 0;
    }
    errno = ENOSPC;
    size_t whole = (size_t)written;
    if (whole < length) {
        // While lines are being lost, the marker is written only together with all lines that follow it.
        const char *newline = log->dropped ? NULL : memrchr(start, '\n', whole);
        whole = newline ? (size_t)(newline + 1 - start) : 0;
        // The file may have been emptied to make room: cut where it ends now, not where it would have ended.
        struct stat now;
        if (fstat(log->fd, &now) == 0 && now.st_size >= written) {
            log->size = (uint64_t)now.st_size - (uint64_t)written;
        }
        // Readers must not find half a line. When the half line cannot be truncated, it stays and counts for the size.
        if (ftruncate(log->fd, (off_t)(log->size + whole)) != 0) {
            log->size += (size_t)written - whole;
        }
        errno = ENOSPC;
    }
    log->size += whole;
    return whole;
}

static void flush(void)
{
    struct log *log = batch.log;
    size_t length = batch.used;
    batch.touched = length > batch.touched ? length : batch.touched;
    batch.used = 0;
    if (log->fd < 0 || (length == 0 && !log->dropped)) {
        return;
    }
    size_t marker = log->dropped ? put_marker(log) : 0;
    size_t written = append(log, lines - marker, marker + length);
    if (written == marker + length) {
        if (marker) {
            log->dropped = 0;
            log->warned = false;
        }
        return;
    }
    if (!log->dropped) {
        log->drop_error = errno;
    }
    log->dropped += count_lines(lines + (marker ? 0 : written), lines + length);
}

void log_line(bool full, const char *first, size_t first_length, const char *second, size_t second_length)
{
    struct log *log = batch.log;
    size_t length = batch.header_length + first_length + second_length + 1;
    size_t needed = length + (log->dropped ? MARKER_MAX : 0);
    uint64_t limit = log->limits.max_size, size = log->size + batch.used;
    if (limit && size && size + needed > limit && size + needed > log->rotate_beyond && log->fd >= 0) {
        flush();
        if (log->size && log->size + needed > limit) {
            log_rotate(log);
        }
    } else if (batch.used + length > BATCH_MAX) {
        flush();
    }
    char *at = lines + batch.used;
    memcpy(at, batch.headers[full], batch.header_length);
    at += batch.header_length;
    if (first_length) {
        memcpy(at, first, first_length);
        at += first_length;
    }
    memcpy(at, second, second_length);
    at[second_length] = '\n';
    batch.used += length;
}

void log_end(void)
{
    flush();
}

void log_relax(void)
{
    if (batch.touched > LARGE_BATCH) {
        madvise(bytes, sizeof bytes / PAGE * PAGE, MADV_DONTNEED);
        batch.touched = 0;
    }
}

void log_forget(void)
{
    memset(bytes, 0, sizeof bytes % PAGE + PAGE);
    madvise(bytes, sizeof bytes / PAGE * PAGE, MADV_DONTNEED);
    memset(bytes + sizeof bytes / PAGE * PAGE, 0, sizeof bytes % PAGE);
}
