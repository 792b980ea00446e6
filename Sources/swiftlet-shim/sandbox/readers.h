// Clients that read a container's output besides its log. A slow reader slows the container: the stream is not read until every
// reader has taken the last read, so nothing more is ever kept for them.
#pragma once

#include "sandbox/state.h"

// Bytes of the last read that a reader has not taken yet. All slow readers of a stream share them.
struct backlog {
    size_t references;
    size_t length;
    char *bytes;
};

struct reader {
    struct watch watch; // the write end of its pipe
    struct reader *next;
    struct sandbox *sandbox;
    struct stream *stream;          // NULL: only the backlog is left to deliver
    struct backlog *backlog;        // NULL: everything is taken
    size_t taken;                   // bytes of the backlog
    int64_t deadline;               // ms; with a backlog: the reader is dropped if it takes nothing until then
    const char *name;               // of the stream
    char container[SWL_ID_MAX + 1]; // the container may be gone
};

// backlog.c
// Adds bytes to the backlog. At the container's end the rest of its pipe is read at once, so there can be more than one read.
// Returns false without memory.
bool backlog_keep(struct stream *stream, const char *bytes, size_t length);
// Makes the reader take the backlog from `taken` on.
void reader_fall_behind(struct reader *reader, size_t taken);
// Ends the reader's part in the backlog. Without other slow readers the stream resumes.
void reader_catch_up(struct reader *reader);
// Counts bytes that the reader took and restarts its time.
void reader_took(struct reader *reader, size_t length);
void stream_pause(struct stream *stream);
void stream_resume(struct stream *stream);
// In a fork: clears the bytes of every backlog.
void readers_forget(const struct sandbox *sandbox);

// readers.c
// Adds a reader and takes the write end of the pipe. Returns NULL and errno on failure.
struct reader *reader_add(struct sandbox *sandbox, struct stream *stream, const char *container, int *fd);
void reader_drop(struct reader *reader);
// Drops readers whose pipe is closed: their events may be queued behind the request that needs the place.
void readers_drop_gone(struct sandbox *sandbox, const struct stream *stream);
// Returns the bytes that the pipe took, or -1 when the pipe has no reader any more.
ssize_t reader_offer(const struct reader *reader, const char *bytes, size_t length);
// The stream has ended: each reader gets the rest of its backlog, then its pipe is closed.
void readers_end(struct stream *stream);

// slow_readers.c
// Returns the milliseconds until readers_expire() has work, or -1.
int readers_timeout(const struct sandbox *sandbox);
void readers_expire(struct sandbox *sandbox);
// Before this process ends: puts the rest into the readers' pipes, which are enlarged where the kernel allows.
void readers_flush(struct sandbox *sandbox);
