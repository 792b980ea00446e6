// The CRI log file of one container: `<RFC 3339 time> <stream> <P|F> <content>`. Includes loop and system. Inside, stream.c uses
// lines.c, which uses rotate.c, which uses file.c.
#pragma once

#include "loop/loop.h"

// Content bytes of one log line; longer ones are cut into P pieces.
#define LOG_LINE_MAX 16384

// The unit in which memory is given back; some systems have larger pages.
#define PAGE 4096

struct log {
    int fd; // -1: output is discarded
    char *path;
    int folder; // of the path, opened once
    uint64_t size;
    struct swl_log_limits limits;
    int64_t newest;   // ns since 1970, of the last line: later lines never carry an earlier time, even when the clock goes back
    uint64_t dropped; // lines lost since the last successful write
    int drop_error;
    bool warned;
    bool rotated;           // since the owner last read this field
    uint64_t rotate_beyond; // after a failed rotation: the next try comes at this size
    int64_t rotated_second; // the second in the last rotation's name, and the number of rotations within that second
    unsigned rotated_times;
};

// One output pipe and its unfinished line, kept until its end arrives: at most LOG_LINE_MAX bytes.
struct stream {
    struct watch watch;
    struct server *server;
    struct log *log;
    const char *name;
    char *partial;
    size_t partial_length;
    void (*changed)(struct stream *stream); // after each read; may read log and watch.fd (-1 at end of file)
    // Called with all bytes of a read, before the next read; NULL without attached readers. Sets `paused` when a reader could not
    // take all bytes: the stream is not read then, the container's writes wait in the pipe, and the loop does not watch
    // `watch.fd`.
    void (*tee)(struct stream *stream, const char *bytes, size_t length);
    bool paused;
    size_t reader_count;
    struct backlog *backlog; // bytes that slow readers have not taken yet
};

// file.c
int log_open(struct log *log, const char *path, const struct swl_log_limits *limits, struct fault *fault);
int log_reopen(struct log *log, struct fault *fault);
void log_close(struct log *log);

// rotate.c
void log_rotate(struct log *log);

// lines.c: the lines of one read are written together and carry its time.
void log_begin(struct log *log, const char *stream);
// Adds one line made of two pieces, of at most LOG_LINE_MAX bytes together.
void log_line(bool full, const char *first, size_t first_length, const char *second, size_t second_length);
void log_end(void);
// Gives the memory of a large batch back.
void log_relax(void);
void log_forget(void);

// stream.c
// Reads once, at most one buffer. Returns false when there was nothing to read or the end was reached.
bool stream_read(struct stream *stream);
void stream_ready(struct watch *watch, uint32_t events);
// Gives back the memory of large reads. Streams call it at their end and after small reads; the loop calls it when nothing
// happens.
void streams_settle(void);
// In a fork: clears all bytes that were read or wait to be written.
void streams_forget(void);
// Writes an unfinished line as P, as containerd does, and closes the stream.
void stream_finish(struct stream *stream);
