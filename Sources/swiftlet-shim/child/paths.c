#include "child/steps.h"

#include <limits.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>

// The kernel's limit.
#define LINKS_MAX 40

// A walk that makes missing components. `done` is a plain path below the root, without links and dots; `todo` is the rest.
struct walk {
    int root;
    char done[PATH_MAX];
    char todo[PATH_MAX];
    int links;
};

// Takes the next component off `todo`; returns false at the end. "." is skipped, ".." shortens `done` and stays at the root.
static bool next_component(struct walk *walk, char *component)
{
    for (;;) {
        char *at = walk->todo + strspn(walk->todo, "/");
        size_t length = strcspn(at, "/");
        if (length == 0 || length > NAME_MAX) {
            component[0] = 0;
            return length != 0;
        }
        memcpy(component, at, length);
        component[length] = 0;
        memmove(walk->todo, at + length, strlen(at + length) + 1);
        if (strcmp(component, ".") == 0) {
            continue;
        }
        if (strcmp(component, "..") == 0) {
            char *slash = strrchr(walk->done, '/');
            *(slash ? slash : walk->done) = 0;
            continue;
        }
        return true;
    }
}

static bool is_last(const struct walk *walk)
{
    return walk->todo[strspn(walk->todo, "/")] == 0;
}

static int open_plain(const struct walk *walk)
{
    return sys_openat2(walk->root, walk->done[0] ? walk->done : ".", O_PATH, 0, RESOLVE_PLAIN_BENEATH);
}

// Puts the link's target in front of `todo`; an absolute target restarts at the root.
static int follow_link(struct walk *walk, int parent, const char *component)
{
    char target[PATH_MAX];
    ssize_t length = readlinkat(parent, component, target, sizeof target - 1);
    if (length < 0) {
        return -1;
    }
    target[length] = 0;
    if (++walk->links > LINKS_MAX || (size_t)length + strlen(walk->todo) + 2 > sizeof walk->todo) {
        errno = ELOOP;
        return -1;
    }
    memmove(walk->todo + length + 1, walk->todo, strlen(walk->todo) + 1);
    memcpy(walk->todo, target, (size_t)length);
    walk->todo[length] = '/';
    if (target[0] == '/') {
        walk->done[0] = 0;
    }
    return 0;
}

static int make_component(const struct walk *walk, int parent, const char *component, enum target_kind kind, uint32_t mode)
{
    if (kind == TARGET_FILE && is_last(walk)) {
        OWNED int file = openat(parent, component, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, (mode_t)mode & 0666);
        return file < 0 ? -1 : 0;
    }
    return mkdirat(parent, component, (mode_t)mode);
}

static int step_into(struct walk *walk, const char *component, enum target_kind kind, uint32_t mode)
{
    OWNED int parent = open_plain(walk);
    struct stat status;
    if (parent < 0) {
        return -1;
    }
    if (fstatat(parent, component, &status, AT_SYMLINK_NOFOLLOW) != 0) {
        if (errno != ENOENT || make_component(walk, parent, component, kind, mode) != 0) {
            return -1;
        }
    } else if (S_ISLNK(status.st_mode)) {
        return follow_link(walk, parent, component);
    }
    size_t length = strlen(walk->done);
    if (length + strlen(component) + 2 > sizeof walk->done) {
        errno = ENAMETOOLONG;
        return -1;
    }
    snprintf(walk->done + length, sizeof walk->done - length, "%s%s", length ? "/" : "", component);
    return 0;
}

int open_in_root(int root, const char *path, enum target_kind kind, uint32_t mode)
{
    int fd = sys_openat2(root, path, O_PATH, 0, RESOLVE_SAFE_IN_ROOT);
    if (fd >= 0 || errno != ENOENT || kind == TARGET_EXISTING) {
        return fd;
    }
    struct walk walk = {.root = root};
    if (strlen(path) >= sizeof walk.todo) {
        errno = ENAMETOOLONG;
        return -1;
    }
    strcpy(walk.todo, path);
    char component[NAME_MAX + 1];
    while (next_component(&walk, component)) {
        if (!component[0]) {
            errno = ENAMETOOLONG;
            return -1;
        }
        if (step_into(&walk, component, kind, mode) != 0) {
            return -1;
        }
    }
    // If a directory was swapped for a link meanwhile (in a volume shared with a running container), this refuses it.
    return open_plain(&walk);
}
