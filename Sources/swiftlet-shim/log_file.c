// Opening, rotating and pruning the log file. Rotation needs no agent.
#include "log.h"

#include <dirent.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/syscall.h>

#include "log_time.h"

// For the life of the container: whoever can exchange the folder for a link must not choose where files are made, renamed and removed as root. That
// of the container and that of its pod are no links from the beginning; what they lie in is the host's affair.
static int open_folder(const char *path)
{
    char text[PATH_MAX];
    if (snprintf(text, sizeof text, "%s", path) >= (int)sizeof text) {
        errno = ENAMETOOLONG;
        return -1;
    }
    char *below = strrchr(text, '/');
    *below = 0;
    for (int i = 0; i < 2 && below > text; i++) {
        do {
            below--;
        } while (*below != '/');
    }
    *below = 0;
    const char *plain = path + (below - text) + 1;
    char name[PATH_MAX];
    snprintf(name, sizeof name, "%.*s", (int)(strrchr(path, '/') - plain), plain);
    OWNED int above = open(*text ? text : "/", O_PATH | O_DIRECTORY | O_CLOEXEC);
    return above < 0 ? -1 : sys_openat2(above, *name ? name : ".", O_RDONLY | O_DIRECTORY, 0, RESOLVE_PLAIN_BENEATH);
}

// A fifo or device in the place of the log could block this process for ever.
static int open_log(struct log *log, uint64_t *size)
{
    const char *name = strrchr(log->path, '/') + 1;
    OWNED int fd = openat(log->folder, name, O_WRONLY | O_APPEND | O_CREAT | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC, 0640);
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
    *log = (struct log){.fd = -1, .folder = -1, .limits = *limits};
    if (!path) {
        return 0;
    }
    log->path = strdup(path);
    log->folder = log->path ? open_folder(path) : -1;
    log->fd = log->folder >= 0 ? open_log(log, &log->size) : -1;
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
    int fd = open_log(log, &size);
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
    close_owned(&log->folder);
    free(log->path);
    log->path = NULL;
}

// Whether this is the name of a rotated file of `name`: `<name>.YYYYMMDD-HHMMSS`, with a number for further ones of that second, and
// with ".gz" once the agent has compressed it. What it is compressing into has other suffixes and is not counted.
// Its length without ".gz", or 0.
static size_t rotated_length(const char *entry, const char *name, size_t prefix)
{
    static const char digits[] = "0123456789";
    if (strncmp(entry, name, prefix) != 0 || entry[prefix] != '.') {
        return 0;
    }
    const char *at = entry + prefix + 1;
    if (strspn(at, digits) != 8 || at[8] != '-' || strspn(at + 9, digits) != 6) {
        return 0;
    }
    at += 15;
    if (at[0] == '-') {
        size_t number = strspn(at + 1, digits);
        at += number ? number + 1 : 0;
    }
    return *at == 0 || strcmp(at, ".gz") == 0 ? (size_t)(at - entry) : 0;
}

// Removes the smallest rotated names (they sort by time) until at most `keep` are left. Counts first, then removes, in passes over
// the directory: no list of names is kept. A file and its compressed copy are one.
static void prune(int directory, const char *name, uint32_t keep)
{
    size_t prefix = strlen(name);
    for (int pass = 0; pass < 64; pass++) {
        char buffer[4096] __attribute__((aligned(8)));
        char oldest[NAME_MAX + 4] = "", plain[NAME_MAX + 1];
        uint32_t count = 0;
        long got;
        lseek(directory, 0, SEEK_SET);
        while ((got = syscall(SYS_getdents64, directory, buffer, sizeof buffer)) > 0) {
            for (long at = 0; at < got;) {
                struct dirent64 *entry = (struct dirent64 *)(buffer + at);
                at += entry->d_reclen;
                size_t length = rotated_length(entry->d_name, name, prefix);
                if (length == 0 || length >= sizeof plain) {
                    continue;
                }
                memcpy(plain, entry->d_name, length);
                plain[length] = 0;
                if (entry->d_name[length] && faccessat(directory, plain, F_OK, AT_SYMLINK_NOFOLLOW) == 0) {
                    continue;
                }
                count++;
                if (!oldest[0] || strcmp(plain, oldest) < 0) {
                    memcpy(oldest, plain, length + 1);
                }
            }
        }
        if (count <= keep) {
            return;
        }
        bool removed = unlinkat(directory, oldest, 0) == 0;
        strcat(oldest, ".gz");
        removed = unlinkat(directory, oldest, 0) == 0 || removed;
        if (!removed) {
            return;
        }
    }
}

// The file stays. Without a name nobody can read or remove it: then it starts again, so that it cannot fill the disk unseen.
static void go_on(struct log *log)
{
    struct stat status;
    if (fstat(log->fd, &status) == 0 && status.st_nlink == 0 && ftruncate(log->fd, 0) == 0) {
        log->size = 0;
        return;
    }
    log->rotate_beyond = log->size + log->limits.max_size / 8;
}

// Renames whatever has the log's name. Names never sort before earlier ones, even when the clock goes back: pruning would take the newest
// file for the oldest. For the same reason a number that pruning has freed is not used again.
static int rename_away(struct log *log, int directory, const char *name)
{
    int64_t now = realtime_ns() / 1000000000;
    if (now > log->rotated_second) {
        log->rotated_second = now;
        log->rotated_times = 0;
    } else {
        log->rotated_times++;
    }
    char rotated[NAME_MAX + 32], second[LOG_SECOND_LENGTH];
    for (int tries = 0; tries < 20000; tries++, log->rotated_times++) {
        if (log->rotated_times > 9999) {
            log->rotated_second++;
            log->rotated_times = 0;
        }
        log_second_format(log->rotated_second, second);
        snprintf(rotated, sizeof rotated, log->rotated_times ? "%s.%.15s-%04u" : "%s.%.15s", name, second, log->rotated_times);
        if (renameat2(directory, name, directory, rotated, RENAME_NOREPLACE) == 0 || errno == ENOENT) {
            return 0;
        }
        if (errno != EEXIST) {
            return -1;
        }
    }
    return -1;
}

// Renames the file away and opens it anew, without waiting for the disk. Should that fail, the old file goes on: too long a log is better
// than none.
void log_rotate(struct log *log)
{
    const char *name = strrchr(log->path, '/') + 1;
    struct fault ignored;
    if (rename_away(log, log->folder, name) != 0 || log_reopen(log, &ignored) != 0) {
        go_on(log);
        return;
    }
    log->rotate_beyond = 0;
    log->rotated = true;
    prune(log->folder, name, log->limits.max_files - 1);
}
