// Rotates and prunes the log file without the agent.
#include "log/log.h"

#include <dirent.h>
#include <limits.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/syscall.h>

#include "log/log_time.h"

// Files that one rotation removes at most.
#define REMOVED_MAX 64
// The largest number behind the name of a rotated file, see rename_away(), and the number of names tried.
#define NUMBER_MAX 9999
#define TRIES_MAX 20000

// Recognizes the name of a rotated file of `name`: `<name>.YYYYMMDD-HHMMSS`, with a number behind it for further files of that
// second, and with ".gz" once the agent has compressed the file. Files that are being compressed have other suffixes and do not
// count. Returns the length without ".gz", or 0.
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
    at += LOG_SECOND_LENGTH;
    if (at[0] == '-') {
        size_t number = strspn(at + 1, digits);
        at += number ? number + 1 : 0;
    }
    return *at == 0 || strcmp(at, ".gz") == 0 ? (size_t)(at - entry) : 0;
}

// Removes the smallest rotated names (they sort by time) until at most `keep` are left. Each pass over the directory counts
// first, then removes one, so no list of names is kept. A file and its compressed copy count once.
static void prune(int directory, const char *name, uint32_t keep)
{
    size_t prefix = strlen(name);
    for (int pass = 0; pass < REMOVED_MAX; pass++) {
        char buffer[PAGE] __attribute__((aligned(8)));
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

// Goes on with the old file. A file without a name cannot be read or removed: it is emptied, so that it cannot fill the disk
// unseen.
static void go_on(struct log *log)
{
    struct stat status;
    if (fstat(log->fd, &status) == 0 && status.st_nlink == 0 && ftruncate(log->fd, 0) == 0) {
        log->size = 0;
        return;
    }
    log->rotate_beyond = log->size + log->limits.max_size / 8;
}

// The longest name of a rotated file.
#define ROTATED_LENGTH (NAME_MAX + 32)

// Renames the log file away, to the name that is written to `rotated`. New names never sort before earlier ones, even when the clock goes back: pruning would take the
// newest file for the oldest. For the same reason a number that pruning has freed is not used again.
static int rename_away(struct log *log, int directory, const char *name, char rotated[ROTATED_LENGTH])
{
    int64_t now = realtime_ns() / NS_PER_S;
    if (now > log->rotated_second) {
        log->rotated_second = now;
        log->rotated_times = 0;
    } else {
        log->rotated_times++;
    }
    char second[LOG_SECOND_LENGTH];
    for (int tries = 0; tries < TRIES_MAX; tries++, log->rotated_times++) {
        if (log->rotated_times > NUMBER_MAX) {
            log->rotated_second++;
            log->rotated_times = 0;
        }
        log_second_format(log->rotated_second, second);
        snprintf(rotated, ROTATED_LENGTH, log->rotated_times ? "%s.%.15s-%04u" : "%s.%.15s", name, second, log->rotated_times);
        if (renameat2(directory, name, directory, rotated, RENAME_NOREPLACE) == 0 || errno == ENOENT) {
            return 0;
        }
        if (errno != EEXIST) {
            return -1;
        }
    }
    return -1;
}

// Renames the file away and opens a new one, without waiting for the disk. On failure the old file goes on: a log that is too
// long is better than none.
void log_rotate(struct log *log)
{
    const char *name = strrchr(log->path, '/') + 1;
    char rotated[ROTATED_LENGTH];
    struct fault ignored;
    if (rename_away(log, log->folder, name, rotated) != 0) {
        go_on(log);
        return;
    }
    if (log_reopen(log, &ignored) != 0) {
        // No inode is left, for example. Under its own name the old file can be read. A file that has the name meanwhile keeps it.
        renameat2(log->folder, rotated, log->folder, name, RENAME_NOREPLACE);
        go_on(log);
        return;
    }
    log->rotate_beyond = 0;
    log->rotated = true;
    prune(log->folder, name, log->limits.max_files - 1);
}
