// The CRI log file of one container: `<RFC 3339 time> <stream> <P|F> <content>`.
#pragma once

#include "server.h"

// Content bytes of one log line; longer ones are cut into P pieces.
#define LOG_LINE_MAX 16384

struct log {
    int fd; // -1: output is discarded
    char *path;
    uint64_t size;
    struct swl_log_limits limits;
    uint64_t dropped; // lines lost since the last successful write
    int drop_error;
    bool rotated;        // since the owner last looked
    char rotated_at[16]; // YYYYMMDD-HHMMSS of the last rotation, and how many there were within that second
    unsigned rotated_times;
    bool warned;
};

// One output pipe and its unfinished line, which is kept until its end arrives: at most LOG_LINE_MAX bytes.
struct stream {
    struct watch watch;
    struct server *server;
    struct log *log;
    const char *name;
    char *partial;
    size_t partial_length;
    void (*changed)(struct stream *stream); // after reading; may look at log and watch.fd (-1 at end of file)
};

int log_open(struct log *log, const char *path, const struct swl_log_limits *limits, struct fault *fault);
int log_reopen(struct log *log, struct fault *fault);
void log_close(struct log *log);

// Reads once, at most one buffer. False when there was nothing to read or the end was reached.
bool stream_read(struct stream *stream);
void stream_ready(struct watch *watch, uint32_t events);
// Writes an unfinished line as P, as containerd does, and closes.
void stream_finish(struct stream *stream);
