// Opening, rotating and pruning the log file. Rotation needs no agent.
#include "log.h"

#include <dirent.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <time.h>

#include "log_time.h"

// A fifo or device in the place of the log could block this process for ever.
static int open_log(const char *path, uint64_t *size)
{
    OWNED int fd = open(path, O_WRONLY | O_APPEND | O_CREAT | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC, 0640);
    struct stat status;
    if (fd < 0 || fstat(fd, &status) != 0) {
        return -1;
    }
    if (!S_ISREG(status.st_mode)) {
        errno = EINVAL;
        return -1;
    }
    *size = (uint64_t)status.st_size;
    return take(&fd);
}

int log_open(struct log *log, const char *path, const struct swl_log_limits *limits, struct fault *fault)
{
    *log = (struct log){.fd = -1, .limits = *limits};
    if (!path) {
        return 0;
    }
    log->path = strdup(path);
    log->fd = log->path ? open_log(path, &log->size) : -1;
    if (log->fd < 0) {
        fail(fault, SWL_STEP_LOG, "open the log file \"%.300s\"", path);
        log_close(log);
        return -1;
    }
    return 0;
}

int log_reopen(struct log *log, struct fault *fault)
{
    if (!log->path) {
        return 0;
    }
    uint64_t size;
    int fd = open_log(log->path, &size);
    if (fd < 0) {
        return fail(fault, SWL_STEP_LOG, "open the log file \"%.300s\"", log->path);
    }
    close_owned(&log->fd);
    log->fd = fd;
    log->size = size;
    return 0;
}

void log_close(struct log *log)
{
    close_owned(&log->fd);
    free(log->path);
    log->path = NULL;
}

// Removes the smallest rotated names (they sort by time) until at most `keep` are left. Counts first, then removes, in passes over
// the directory: no list of names is kept.
static void prune(int directory, const char *name, uint32_t keep)
{
    size_t prefix = strlen(name);
    for (int pass = 0; pass < 64; pass++) {
        char buffer[4096] __attribute__((aligned(8)));
        char oldest[NAME_MAX + 1] = "";
        uint32_t count = 0;
        long got;
        lseek(directory, 0, SEEK_SET);
        while ((got = syscall(SYS_getdents64, directory, buffer, sizeof buffer)) > 0) {
            for (long at = 0; at < got;) {
                struct dirent64 *entry = (struct dirent64 *)(buffer + at);
                at += entry->d_reclen;
                // `<name>.YYYYMMDD-HHMMSS...`; the current file and other containers' files have other names.
                const char *tail = entry->d_name + prefix;
                if (strncmp(entry->d_name, name, prefix) != 0 || tail[0] != '.' || strspn(tail + 1, "0123456789") != 8 ||
                    tail[9] != '-') {
                    continue;
                }
                count++;
                if (!oldest[0] || strcmp(entry->d_name, oldest) < 0) {
                    snprintf(oldest, sizeof oldest, "%s", entry->d_name);
                }
            }
        }
        if (count <= keep || unlinkat(directory, oldest, 0) != 0) {
            return;
        }
    }
}

// Renames the file away and opens it anew. Should the rename fail, the old file goes on: too long a log is better than none.
void log_rotate(struct log *log)
{
    const char *slash = strrchr(log->path, '/');
    char parent[PATH_MAX], rotated[NAME_MAX + 32];
    snprintf(parent, sizeof parent, "%.*s", slash == log->path ? 1 : (int)(slash - log->path), log->path);
    OWNED int directory = open(parent, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (directory < 0) {
        return;
    }
    const char *name = slash + 1;
    struct log_time now;
    log_time_now(&now);
    char second[16];
    snprintf(second, sizeof second, "%04u%02u%02u-%02u%02u%02u", (unsigned)now.year % 10000, (unsigned)now.month % 100,
             (unsigned)now.day % 100, (unsigned)now.hour % 100, (unsigned)now.minute % 100, (unsigned)now.second % 100);
    // Further rotations within a second get a number, which sorts behind the bare time. It must not be one that pruning has freed:
    // the newest file would count as the oldest.
    log->rotated_times = strcmp(second, log->rotated_at) == 0 ? log->rotated_times + 1 : 0;
    memcpy(log->rotated_at, second, sizeof second);
    int renamed;
    do {
        snprintf(rotated, sizeof rotated, log->rotated_times ? "%s.%s-%04u" : "%s.%s", name, second, log->rotated_times);
        renamed = renameat2(directory, name, directory, rotated, RENAME_NOREPLACE);
    } while (renamed != 0 && errno == EEXIST && ++log->rotated_times < 10000);
    if (renamed != 0 && errno != ENOENT) {
        return;
    }
    struct fault ignored;
    if (log_reopen(log, &ignored) == 0) {
        log->rotated = true;
        prune(directory, name, log->limits.max_files - 1);
    }
}
