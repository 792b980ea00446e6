// Mounts an overlay with the given number of lower directories in both ways that the shim uses, in a mount namespace of its own.
// usage: overlay_test DIRECTORY COUNT; DIRECTORY holds l0 ... l<COUNT-1>, each with a file named after it, and root, upper, work.
#include "child/steps.h"

#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mount.h>

static int visible(int root, int count)
{
    for (int i = 0; i < count; i++) {
        char name[16];
        snprintf(name, sizeof name, "f%d", i);
        if (faccessat(root, name, F_OK, 0) != 0) {
            return -1;
        }
    }
    return 0;
}

int main(int argc, char **argv)
{
    if (argc != 3 || unshare(CLONE_NEWNS) != 0 || mount(NULL, "/", NULL, MS_REC | MS_PRIVATE, NULL) != 0) {
        perror("overlay_test");
        return 2;
    }
    int count = atoi(argv[2]);
    const char **lowers = calloc((size_t)count + 1, sizeof *lowers);
    char *names[3];
    const char *parts[] = {"root", "upper", "work"};
    for (int i = 0; i < count; i++) {
        char *path;
        if (asprintf(&path, "%s/l%d", argv[1], i) < 0) {
            return 2;
        }
        lowers[i] = path;
    }
    for (int i = 0; i < 3; i++) {
        if (asprintf(&names[i], "%s/%s", argv[1], parts[i]) < 0) {
            return 2;
        }
    }
    struct record record = {.root_path = names[0], .upper = names[1], .work = names[2], .overlay_options = ""};
    record.lowers.items = lowers;
    record.lowers.count = (size_t)count;
    int root = -1;
    if (overlay_by_mount(&record, true, &root) != 0 || visible(root, count) != 0) {
        perror("by mount(2)");
        return 1;
    }
    close(root);
    if (umount2(names[0], 0) != 0) {
        perror("umount");
        return 1;
    }
    puts("mount: ok");
    root = overlay_by_fsconfig(&record, true);
    if (root < 0 && errno == EINVAL) {
        puts("fsconfig: not known to this kernel");
        return 0;
    }
    if (root < 0 || visible(root, count) != 0) {
        perror("by fsconfig");
        return 1;
    }
    puts("fsconfig: ok");
    return 0;
}
