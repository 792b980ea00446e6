#include "fail_point.h"

#ifdef SWL_FAIL_POINTS

#include <dirent.h>
#include <limits.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

static char directory[PATH_MAX + 16];
static char armed[NAME_MAX + 1];
static pid_t shim;

void fail_points_init(const char *run_directory)
{
    snprintf(directory, sizeof directory, "%s/fail-points", run_directory);
}

static int disarm(const char *name)
{
    char path[sizeof directory + NAME_MAX + 2];
    snprintf(path, sizeof path, "%s/%s", directory, name);
    return unlink(path);
}

void fail_point(const char *name)
{
    if (disarm(name) == 0) {
        kill(getpid(), SIGKILL);
    }
}

void fail_points_arm_child(void)
{
    DIR *entries = opendir(directory);
    struct dirent *entry;
    armed[0] = 0;
    shim = getpid();
    while (entries && !armed[0] && (entry = readdir(entries))) {
        if (strncmp(entry->d_name, "child.", 6) == 0 && disarm(entry->d_name) == 0) {
            snprintf(armed, sizeof armed, "%s", entry->d_name);
        }
    }
    if (entries) {
        closedir(entries);
    }
}

void fail_point_in_child(const char *name)
{
    if (strcmp(armed, name) == 0) {
        kill(shim, SIGKILL);
    }
}

#endif
