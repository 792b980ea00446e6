// Opening the log file.
#include "log/log.h"

#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

// Holds the folder open for the life of the container: a user who can replace the folder by a link must not choose where root
// creates, renames and removes files. The folders of the container and its pod must not be links; the folders above them are the
// host's.
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

// Refuses a fifo or device in place of the log: it could block this process for ever.
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
