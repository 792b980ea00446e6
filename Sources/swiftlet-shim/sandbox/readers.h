// Clients that read what a container writes, besides its log. A reader that is slow slows the container: the stream is not read on until every
// reader has taken what was read last, so that this is all that is ever kept for them.
#pragma once

#include "sandbox/state.h"

// Bytes that were read and are not taken by everybody yet, once for all slow readers of a stream.
struct backlog {
    size_t references;
    size_t length;
    char *bytes;
};

struct reader {
    struct watch watch; // the write end of its pipe
    struct reader *next;
    struct sandbox *sandbox;
    struct stream *stream;          // NULL: nothing but the backlog will come
    struct backlog *backlog;        // NULL: it has taken everything
    size_t taken;                   // of the backlog
    int64_t deadline;               // ms; with a backlog: when it is let go, should it take nothing until then
    const char *name;               // of the stream
    char container[SWL_ID_MAX + 1]; // which it may outlive
};

// backlog.c
// Appends, at the container's end: what is still in its pipe is read at once then. False without memory.
bool backlog_keep(struct stream *stream, const char *bytes, size_t length);
// The reader has to take what is kept from `taken` on.
void reader_fall_behind(struct reader *reader, size_t taken);
// The reader takes no more of it. Without slow readers the stream goes on.
void reader_catch_up(struct reader *reader);
// It has taken more of it: its time begins again.
void reader_took(struct reader *reader, size_t length);
void stream_pause(struct stream *stream);
void stream_resume(struct stream *stream);
// In a fork: nothing of what they have not taken yet stays.
void readers_forget(const struct sandbox *sandbox);

// readers.c
// Takes the write end of the pipe. NULL and errno.
struct reader *reader_add(struct sandbox *sandbox, struct stream *stream, const char *container, int *fd);
void reader_drop(struct reader *reader);
// The end of one may still wait to be read behind the request that wants its place.
void readers_drop_gone(struct sandbox *sandbox, const struct stream *stream);
// How many bytes the pipe took, or -1 when nobody reads it any more.
ssize_t reader_offer(const struct reader *reader, const char *bytes, size_t length);
// No more will be read for them: each gets what it has not taken yet, then its pipe is closed.
void readers_end(struct stream *stream);

// slow_readers.c
// Milliseconds until readers_expire() has something to do; -1 = nothing.
int readers_timeout(const struct sandbox *sandbox);
void readers_expire(struct sandbox *sandbox);
// Before this process ends: the rest goes into their pipes, made longer for it where that is allowed.
void readers_flush(struct sandbox *sandbox);
