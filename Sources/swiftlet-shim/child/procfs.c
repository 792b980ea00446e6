#include "child/steps.h"

#include <linux/magic.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/vfs.h>

#define PROC_ROOT_INODE 1
#define RESOLVE_SAME_FILE_SYSTEM (RESOLVE_BENEATH | RESOLVE_NO_MAGICLINKS | RESOLVE_NO_XDEV) // "self" is an ordinary link

int procfs_open(struct fault *fault)
{
    OWNED int proc = sys_openat2(AT_FDCWD, "/proc", O_PATH | O_DIRECTORY | O_NOFOLLOW, 0, 0);
    struct statfs system;
    struct stat status;
    if (proc < 0 || fstatfs(proc, &system) != 0 || fstat(proc, &status) != 0) {
        return fail(fault, SWL_STEP_CLONE, "open the host's /proc");
    }
    if (system.f_type != PROC_SUPER_MAGIC || status.st_ino != PROC_ROOT_INODE) {
        return refuse(fault, SWL_STEP_CLONE, EXDEV, "the host's /proc is not a proc file system; nothing is started without one");
    }
    return take(&proc);
}

int procfs_write(int proc, const char *path, const char *value)
{
    OWNED int file = sys_openat2(proc, path, O_WRONLY | O_NOCTTY, 0, RESOLVE_SAME_FILE_SYSTEM);
    struct statfs system;
    if (file < 0 || fstatfs(file, &system) != 0) {
        return -1;
    }
    if (system.f_type != PROC_SUPER_MAGIC) {
        errno = EXDEV;
        return -1;
    }
    ssize_t length = (ssize_t)strlen(value), written = write(file, value, (size_t)length);
    if (written >= 0 && written != length) {
        errno = EIO;
    }
    return written == length ? 0 : -1;
}
