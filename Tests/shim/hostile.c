// What an attacker would run, for test_hostile.py. Ends with its standard input or at SIGTERM.
// hostile swap A B    exchanges two names as fast as it can
// hostile snoop       looks for processes on their way into this container and tries to get hold of them; says what it could do
#include <ctype.h>
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ptrace.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

static bool goes_on(void)
{
    struct pollfd input = {.fd = 0, .events = POLLIN};
    return poll(&input, 1, 0) == 0;
}

static int swap(const char *a, const char *b)
{
    unsigned long count = 0;
    while (goes_on()) {
        for (int i = 0; i < 50; i++) {
            count += syscall(SYS_renameat2, AT_FDCWD, a, AT_FDCWD, b, 2 /* RENAME_EXCHANGE */) == 0;
        }
    }
    printf("%lu\n", count);
    return 0;
}

static void path_of(char *path, size_t size, pid_t pid, const char *name)
{
    snprintf(path, size, "/proc/%d/%s", pid, name);
}

static bool is_shim(pid_t pid)
{
    char path[64], name[32] = "";
    path_of(path, sizeof path, pid, "comm");
    int fd = open(path, O_RDONLY);
    if (fd < 0) {
        return false;
    }
    ssize_t got = read(fd, name, sizeof name - 1);
    close(fd);
    return got > 0 && strncmp(name, "swiftlet", 8) == 0;
}

// The program of the process, opened for reading while it runs and then through the descriptor for writing, when it may have ended.
static bool overwrite(pid_t pid)
{
    char path[64], target[256] = "";
    path_of(path, sizeof path, pid, "exe");
    if (readlink(path, target, sizeof target - 1) < 0 || strncmp(target, "/bin/", 5) == 0) {
        return false; // the container's own
    }
    int fd = open(path, O_RDONLY | O_CLOEXEC);
    if (fd < 0) {
        return false;
    }
    bool wrote = false;
    snprintf(path, sizeof path, "/proc/self/fd/%d", fd);
    for (int i = 0; i < 20 && !wrote; i++) {
        int again = open(path, O_WRONLY);
        wrote = again >= 0 && pwrite(again, "x", 1, 0) == 1;
        if (again >= 0) {
            close(again);
        }
    }
    close(fd);
    return wrote;
}

// Its memory, or one of its descriptors; their numbers alone may be listed.
static bool reaches_inside(pid_t pid)
{
    char path[64], target[256];
    path_of(path, sizeof path, pid, "mem");
    int memory = open(path, O_RDWR);
    if (memory >= 0) {
        close(memory);
        return true;
    }
    bool reached = false;
    for (int fd = 0; fd < 16 && !reached; fd++) {
        snprintf(path, sizeof path, "/proc/%d/fd/%d", pid, fd);
        reached = readlink(path, target, sizeof target) > 0;
    }
    return reached;
}

static int snoop(void)
{
    unsigned long seen = 0, traced = 0, opened = 0, wrote = 0;
    pid_t self = getpid();
    while (goes_on()) {
        DIR *all = opendir("/proc");
        struct dirent *entry;
        while (all && (entry = readdir(all))) {
            pid_t pid = isdigit((unsigned char)entry->d_name[0]) ? atoi(entry->d_name) : 0;
            if (pid < 1 || pid == self) {
                continue;
            }
            wrote += overwrite(pid);
            if (pid == 1 || !is_shim(pid)) {
                continue;
            }
            seen++;
            // Still the shim afterwards: what was reached was the shim's, not the program's.
            if (reaches_inside(pid)) {
                opened += is_shim(pid);
            }
            if (ptrace(PTRACE_SEIZE, pid, 0, 0) == 0) {
                traced += is_shim(pid);
                // A traced process that ends belongs to its tracer first: let go, or the runtime would wait for its end.
                ptrace(PTRACE_INTERRUPT, pid, 0, 0);
                waitpid(pid, NULL, __WALL);
                ptrace(PTRACE_DETACH, pid, 0, 0);
            }
        }
        if (all) {
            closedir(all);
        }
    }
    printf("seen %lu traced %lu opened %lu wrote %lu\n", seen, traced, opened, wrote);
    return 0;
}

int main(int argc, char **argv)
{
    if (argc == 4 && strcmp(argv[1], "swap") == 0) {
        return swap(argv[2], argv[3]);
    }
    if (argc == 2 && strcmp(argv[1], "snoop") == 0) {
        return snoop();
    }
    return 2;
}
