#include "system/fail_point.h"

#ifdef SWL_FAIL_POINTS

#include <dirent.h>
#include <limits.h>
#include <linux/futex.h>
#include <signal.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

static char directory[PATH_MAX + 16];
static char armed[NAME_MAX + 1];

// Shared with the child, which cannot name the shim from inside its own pid namespace, and with a process that can.
static struct {
    uint32_t reached, done;
} * word;

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

static void await(uint32_t *flag, pid_t parent)
{
    const struct timespec second = {.tv_sec = 1};
    while (!__atomic_load_n(flag, __ATOMIC_SEQ_CST) && getppid() == parent) {
        syscall(SYS_futex, flag, FUTEX_WAIT, 0, &second, NULL, 0);
    }
}

static void raise_flag(uint32_t *flag)
{
    __atomic_store_n(flag, 1, __ATOMIC_SEQ_CST);
    syscall(SYS_futex, flag, FUTEX_WAKE, 1, NULL, NULL, 0);
}

static void start_killer(void)
{
    word = mmap(NULL, sizeof *word, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
    pid_t shim = getpid();
    if (word == MAP_FAILED || fork() != 0) {
        return;
    }
    await(&word->reached, shim);
    kill(shim, SIGKILL);
    while (getppid() == shim) {
        usleep(1000); // until it is dead; a process that is not its parent has nothing else to wait for
    }
    raise_flag(&word->done);
    _exit(0);
}

void fail_points_arm_child(void)
{
    DIR *entries = opendir(directory);
    struct dirent *entry;
    armed[0] = 0;
    while (entries && !armed[0] && (entry = readdir(entries))) {
        if (strncmp(entry->d_name, "child.", 6) == 0 && disarm(entry->d_name) == 0) {
            snprintf(armed, sizeof armed, "%s", entry->d_name);
        }
    }
    if (entries) {
        closedir(entries);
    }
    if (armed[0]) {
        start_killer();
    }
}

void fail_point_in_child(const char *name)
{
    if (strcmp(armed, name) == 0) {
        raise_flag(&word->reached);
        await(&word->done, getppid());
    }
}

#endif
