// The attacks of test_hostile.py. Each runs until standard input ends, or SIGTERM.
// hostile swap A B    exchanges two names as fast as it can
// hostile snoop F W   tries to reach processes on their way into this container, and prints the number of successes of each kind. F is a file
//                     that only the host's root directory has; only another container has written W twice in a row
// hostile trace PID   tries to trace the process
// hostile keys        prints its session keyring, and whether the key "swl-test" is in it
// hostile fill        takes all keys that its user may have
#include <ctype.h>
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <linux/keyctl.h>
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

// Opens the program of the process for reading while it runs, then through the descriptor for writing, after it may have ended.
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

// Returns whether its memory or one of its descriptors can be reached; listing the numbers alone is harmless.
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

static unsigned long long permitted(const char *path)
{
    char line[256];
    unsigned long long set = 0;
    FILE *status = fopen(path, "r");
    while (status && fgets(line, sizeof line, status)) {
        sscanf(line, "CapPrm: %llx", &set);
    }
    if (status) {
        fclose(status);
    }
    return set;
}

// Returns whether it holds more than standard streams and the report socket.
static bool holds_more(pid_t pid)
{
    char path[64], target[256];
    for (int fd = 3; fd < 64; fd++) {
        snprintf(path, sizeof path, "/proc/%d/fd/%d", pid, fd);
        ssize_t length = readlink(path, target, sizeof target);
        if (length > 0 && strncmp(target, "socket:", 7) != 0) {
            return true;
        }
    }
    return false;
}

static bool shows(pid_t pid, const char *file)
{
    char path[512];
    snprintf(path, sizeof path, "/proc/%d/root%s", pid, file);
    return access(path, F_OK) == 0;
}

static bool has_in_memory(pid_t pid, const char *text)
{
    static char bytes[1 << 20];
    char path[64], line[512];
    bool found = false;
    unsigned long long start, end;
    path_of(path, sizeof path, pid, "mem");
    int memory = open(path, O_RDONLY);
    path_of(path, sizeof path, pid, "maps");
    FILE *maps = memory >= 0 ? fopen(path, "r") : NULL;
    while (maps && fgets(line, sizeof line, maps)) {
        if (sscanf(line, "%llx-%llx rw", &start, &end) == 2) {
            ssize_t got = pread(memory, bytes, end - start < sizeof bytes ? end - start : sizeof bytes, (off_t)start);
            found = found || (got > 0 && memmem(bytes, (size_t)got, text, strlen(text)));
        }
    }
    if (maps) {
        fclose(maps);
    }
    if (memory >= 0) {
        close(memory);
    }
    return found;
}

static int trace(pid_t pid)
{
    printf("%s\n", ptrace(PTRACE_SEIZE, pid, 0, 0) == 0 ? "traced" : strerror(errno));
    return 0;
}

static int keys(void)
{
    char text[256] = "";
    long found = syscall(SYS_keyctl, KEYCTL_SEARCH, KEY_SPEC_SESSION_KEYRING, "user", "swl-test", 0);
    syscall(SYS_keyctl, KEYCTL_DESCRIBE, KEY_SPEC_SESSION_KEYRING, text, sizeof text);
    printf("%s %s\n", text, found < 0 ? "without" : "with");
    return 0;
}

static int fill(void)
{
    char name[32];
    for (unsigned long i = 0, full = 0; goes_on(); i++) {
        snprintf(name, sizeof name, "k%lu", i);
        if (syscall(SYS_add_key, "user", name, "x", 1, KEY_SPEC_SESSION_KEYRING) < 0 && errno == EDQUOT && !full++) {
            printf("full\n");
            fflush(stdout);
        }
    }
    return 0;
}

static int snoop(const char *file, const char *word)
{
    char text[64];
    snprintf(text, sizeof text, "%s%s", word, word);
    unsigned long seen = 0, traced = 0, opened = 0, wrote = 0, rooted = 0, privileged = 0, held = 0, told = 0;
    unsigned long long own = permitted("/proc/self/status");
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
            char path[64];
            path_of(path, sizeof path, pid, "status");
            rooted += shows(pid, file);
            privileged += (permitted(path) & ~own) != 0;
            held += holds_more(pid) && is_shim(pid);
            told += has_in_memory(pid, text);
            // Still the shim afterwards: the shim was reached, not the program.
            if (reaches_inside(pid)) {
                opened += is_shim(pid);
            }
            if (ptrace(PTRACE_SEIZE, pid, 0, 0) == 0) {
                traced += is_shim(pid);
                // A traced process that ends is reported to its tracer first. Without the detach the runtime would wait for its
                // end.
                ptrace(PTRACE_INTERRUPT, pid, 0, 0);
                waitpid(pid, NULL, __WALL);
                ptrace(PTRACE_DETACH, pid, 0, 0);
            }
        }
        if (all) {
            closedir(all);
        }
    }
    printf("seen %lu traced %lu opened %lu wrote %lu rooted %lu privileged %lu held %lu told %lu\n", seen, traced, opened, wrote,
           rooted, privileged, held, told);
    return 0;
}

int main(int argc, char **argv)
{
    if (argc == 4 && strcmp(argv[1], "swap") == 0) {
        return swap(argv[2], argv[3]);
    }
    if (argc == 4 && strcmp(argv[1], "snoop") == 0) {
        return snoop(argv[2], argv[3]);
    }
    if (argc == 3 && strcmp(argv[1], "trace") == 0) {
        return trace(atoi(argv[2]));
    }
    if (argc == 2 && strcmp(argv[1], "keys") == 0) {
        return keys();
    }
    if (argc == 2 && strcmp(argv[1], "fill") == 0) {
        return fill();
    }
    return 2;
}
