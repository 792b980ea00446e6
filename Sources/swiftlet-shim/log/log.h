// The CRI log file of one container: `<RFC 3339 time> <stream> <P|F> <content>`. Includes loop and system; inside, stream.c uses lines.c, that one
// rotate.c, and that one file.c.
#pragma once

#include "loop/loop.h"

// Content bytes of one log line; longer ones are cut into P pieces.
#define LOG_LINE_MAX 16384

// Of memory; smaller than the system's where that has larger ones.
#define PAGE 4096

struct log {
    int fd; // -1: output is discarded
    char *path;
    int folder; // of the path, opened once
    uint64_t size;
    struct swl_log_limits limits;
    int64_t newest;   // ns since 1970, of the last line: later ones are never older, whatever the clock does
    uint64_t dropped; // lines lost since the last successful write
    int drop_error;
    bool warned;
    bool rotated;           // since the owner last looked
    uint64_t rotate_beyond; // after a rotation that failed: no new try before the file has this size
    int64_t rotated_second; // of the last rotation's name, and how many there were within that second
    unsigned rotated_times;
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
    // Called with all bytes of a read, before the next read; NULL while nobody is attached. Sets `paused` when a reader could not take
    // them all: then nothing is to be read, the container's writes wait in the pipe, and the loop does not watch `watch.fd`.
    void (*tee)(struct stream *stream, const char *bytes, size_t length);
    bool paused;
    size_t reader_count;
    struct backlog *backlog; // what slow readers have not taken yet
};

// file.c
int log_open(struct log *log, const char *path, const struct swl_log_limits *limits, struct fault *fault);
int log_reopen(struct log *log, struct fault *fault);
void log_close(struct log *log);

// rotate.c
void log_rotate(struct log *log);

// lines.c: lines are collected and written together. They came in one read and carry its time.
void log_begin(struct log *log, const char *stream);
// One line out of two pieces, of at most LOG_LINE_MAX bytes together.
void log_line(bool full, const char *first, size_t first_length, const char *second, size_t second_length);
void log_end(void);
// Gives the memory of a large batch back.
void log_relax(void);
void log_forget(void);

// stream.c
// Reads once, at most one buffer. False when there was nothing to read or the end was reached.
bool stream_read(struct stream *stream);
void stream_ready(struct watch *watch, uint32_t events);
// Gives back the memory that reading much at once took. Done by itself at a stream's end and when little is read; to be called when nothing is.
void streams_settle(void);
// In a fork: nothing that was read or is to be written stays.
void streams_forget(void);
// Writes an unfinished line as P, as containerd does, and closes.
void stream_finish(struct stream *stream);
