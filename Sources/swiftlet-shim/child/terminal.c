// The terminal of a container's program. No name made by an image or a program of the container decides what is opened: links on
// the way are refused, the file system must be a devpts, and the program's side is opened through the master side.
#include "child/steps.h"

#include <linux/magic.h>
#include <sys/ioctl.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <sys/vfs.h>

#define RESOLVE_HERE (RESOLVE_PLAIN_BENEATH | RESOLVE_NO_XDEV) // a mount over it is refused as well

static int open_master(struct fault *fault)
{
    struct statfs system;
    OWNED int pts = sys_openat2(AT_FDCWD, "/dev/pts", O_PATH | O_DIRECTORY, 0, RESOLVE_NO_LINKS);
    if (pts < 0 || fstatfs(pts, &system) != 0) {
        return fail(fault, SWL_STEP_TERMINAL, "open the container's /dev/pts");
    }
    if (system.f_type != DEVPTS_SUPER_MAGIC) {
        return refuse(fault, SWL_STEP_TERMINAL, ENODEV,
                      "the container's /dev/pts is a file system of type %#lx, a terminal needs a devpts there",
                      (unsigned long)system.f_type);
    }
    int master = sys_openat2(pts, "ptmx", O_RDWR | O_NOCTTY, 0, RESOLVE_HERE);
    return master >= 0 ? master : fail(fault, SWL_STEP_TERMINAL, "open /dev/pts/ptmx");
}

static int open_slave(int master, struct fault *fault)
{
    int unlocked = 0;
    struct stat one, other;
    OWNED int slave = -1;
    if (ioctl(master, TIOCSPTLCK, &unlocked) != 0 || (slave = ioctl(master, TIOCGPTPEER, O_RDWR | O_NOCTTY | O_CLOEXEC)) < 0 ||
        fstat(master, &one) != 0 || fstat(slave, &other) != 0) {
        return fail(fault, SWL_STEP_TERMINAL, "open the program's side of the terminal");
    }
    if (!S_ISCHR(other.st_mode) || one.st_dev != other.st_dev) {
        return refuse(fault, SWL_STEP_TERMINAL, ENODEV, "the two sides of the terminal belong to different devpts");
    }
    return take(&slave);
}

// Makes the terminal /dev/console as well, where programs look for it. Bound by descriptor: a file at that name is covered, never
// opened. Skipped where the mount would propagate to the host and cover its own console.
static int bind_console(const struct record *record, int slave, struct fault *fault)
{
    const struct swl_mount *dev = mount_at_dev(record);
    if (dev && dev->propagation == SWL_PROPAGATION_SHARED) {
        return 0;
    }
    OWNED int directory = sys_openat2(AT_FDCWD, "/dev", O_PATH | O_DIRECTORY, 0, RESOLVE_NO_LINKS);
    OWNED int made =
        directory < 0 ? -1 : openat(directory, "console", O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0600);
    if (directory < 0 || (made < 0 && errno != EEXIST)) {
        return fail(fault, SWL_STEP_TERMINAL, "make the container's /dev/console");
    }
    struct stat status;
    // Without O_NOFOLLOW: with O_PATH it would open the link itself instead of refusing it.
    OWNED int target = sys_openat2(directory, "console", O_PATH, 0, RESOLVE_PLAIN_BENEATH);
    if (target < 0 || fstat(target, &status) != 0) {
        return fail(fault, SWL_STEP_TERMINAL, "open the container's /dev/console");
    }
    if (!S_ISREG(status.st_mode) && !S_ISCHR(status.st_mode)) {
        return refuse(fault, SWL_STEP_TERMINAL, EINVAL, "the container's /dev/console is neither a plain file nor a device");
    }
    OWNED int tree = open_tree(slave, "", AT_EMPTY_PATH | OPEN_TREE_CLONE | OPEN_TREE_CLOEXEC);
    return tree >= 0 && attach(tree, target) == 0 ? 0 : fail(fault, SWL_STEP_TERMINAL, "bind the terminal to /dev/console");
}

int open_terminal(const struct child *child, struct fault *fault)
{
    const struct record *record = child->record;
    OWNED int master = open_master(fault);
    OWNED int slave = master < 0 ? -1 : open_slave(master, fault);
    if (slave < 0) {
        return -1;
    }
    struct winsize size = {.ws_row = record->console_size.rows,
                           .ws_col = record->console_size.columns,
                           .ws_xpixel = record->console_size.width,
                           .ws_ypixel = record->console_size.height};
    if (ioctl(master, TIOCSWINSZ, &size) != 0) {
        return fail(fault, SWL_STEP_TERMINAL, "set the size of the terminal");
    }
    // The group comes from the devpts' option: tty.
    if (fchown(slave, record->user.uid, (gid_t)-1) != 0) {
        return fail(fault, SWL_STEP_TERMINAL, "give the terminal to user %u", record->user.uid);
    }
    if (record->kind == SWL_KIND_LAUNCH && bind_console(record, slave, fault) != 0) {
        return -1;
    }
    child_report(child, REPORT_TERMINAL, NULL, master);
    for (int i = 0; i < 3; i++) {
        if (dup2(slave, i) < 0) {
            return fail(fault, SWL_STEP_TERMINAL, "dup2 to %d", i);
        }
    }
    return 0;
}
