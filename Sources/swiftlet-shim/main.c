// swiftlet-shim: the privileged C of swiftlet. `spawner` starts one process per pod; that process runs in `sandbox` mode and is a
// fork of the spawner, never a command line of its own.
#include "spawner/spawner.h"
#include "system/system.h"

#include <errno.h>
#include <linux/keyctl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/sendfile.h>
#include <sys/syscall.h>
#include <sys/un.h>

#define COPIED_AT_ONCE (1 << 24)

#ifndef MFD_EXEC
#define MFD_EXEC 0x0010U
#endif

static const int all_seals = F_SEAL_SEAL | F_SEAL_SHRINK | F_SEAL_GROW | F_SEAL_WRITE;

static bool runs_sealed(void)
{
    OWNED int self = open("/proc/self/exe", O_RDONLY | O_CLOEXEC);
    int seals = self >= 0 ? fcntl(self, F_GET_SEALS) : -1; // -1 for every ordinary file
    return seals >= 0 && (seals & all_seals) == all_seals;
}

// Containers start as forks of this process, and until their exec /proc/<pid>/exe is this program. A container that opens it must
// not be able to write the host's binary (CVE-2019-5736), so the program runs from a sealed copy in memory.
static int run_sealed(char **argv)
{
    OWNED int self = open("/proc/self/exe", O_RDONLY | O_CLOEXEC);
    int copy = memfd_create("swiftlet-shim", MFD_CLOEXEC | MFD_ALLOW_SEALING | MFD_EXEC);
    if (copy < 0 && errno == EINVAL) { // before Linux 6.3
        copy = memfd_create("swiftlet-shim", MFD_CLOEXEC | MFD_ALLOW_SEALING);
    }
    if (self < 0 || copy < 0) {
        return -1;
    }
    ssize_t moved;
    do {
        moved = sendfile(copy, self, NULL, COPIED_AT_ONCE);
    } while (moved > 0);
    if (moved < 0 || fcntl(copy, F_ADD_SEALS, all_seals) != 0) {
        return -1;
    }
    // The environment is not inherited further. The padding leaves room for the titles of the sandbox processes.
    char notify[128] = "", padding[128];
    const char *notify_socket = getenv("NOTIFY_SOCKET");
    if (notify_socket && strlen(notify_socket) < sizeof(((struct sockaddr_un *)NULL)->sun_path)) {
        snprintf(notify, sizeof notify, "NOTIFY_SOCKET=%s", notify_socket);
    }
    memset(padding, '_', sizeof padding);
    memcpy(padding, "PAD=", 4);
    padding[sizeof padding - 1] = 0;
    char *environment[] = {padding, notify[0] ? notify : NULL, NULL};
    return execveat(copy, "", argv, environment, AT_EMPTY_PATH);
}

static int usage(FILE *out)
{
    fputs("usage: swiftlet-shim spawner --run-dir DIR [--pidfile FILE]\n"
          "\n"
          "Starts the sandbox processes of swiftlet, one per pod. Listens on DIR/spawner.sock.\n"
          "Every pod's sandbox answers on DIR/sandboxes/<id>/shim.sock and outlives the spawner.\n"
          "SIGTERM ends the spawner and touches no sandbox.\n",
          out);
    return out == stdout ? 0 : 2;
}

int main(int argc, char **argv)
{
    memory_begin();
    if (argc == 2 && (strcmp(argv[1], "--help") == 0 || strcmp(argv[1], "-h") == 0)) {
        return usage(stdout);
    }
    if (argc < 2 || strcmp(argv[1], "spawner") != 0) {
        return usage(stderr);
    }
    const char *run_directory = NULL, *pid_file = NULL;
    for (int i = 2; i < argc; i += 2) {
        if (i + 1 < argc && strcmp(argv[i], "--run-dir") == 0) {
            run_directory = argv[i + 1];
        } else if (i + 1 < argc && strcmp(argv[i], "--pidfile") == 0) {
            pid_file = argv[i + 1];
        } else {
            fprintf(stderr, "swiftlet-shim: unexpected argument \"%s\"\n", argv[i]);
            return usage(stderr);
        }
    }
    if (!run_directory) {
        fputs("swiftlet-shim: --run-dir is missing\n", stderr);
        return usage(stderr);
    }
    if (geteuid() != 0) {
        fputs("swiftlet-shim: needs root: it makes namespaces and mounts for pods\n", stderr);
        return 1;
    }
    if (!runs_sealed()) {
        run_sealed(argv);
        fprintf(stderr, "swiftlet-shim: cannot run from a sealed copy in memory: %s\n", strerror(errno));
        return 1;
    }
    title_init(argc, argv);
    // Every fork up to its exec inherits this: no process of a container may read descriptors or memory of this program through
    // /proc (CVE-2016-9962).
    prctl(PR_SET_DUMPABLE, 0, 0, 0, 0);
    prctl(PR_SET_NAME, "swiftlet-spawn", 0, 0, 0);
    // Drops the keys of the caller, in case a fork gets no keyring of its own.
    if (syscall(SYS_keyctl, KEYCTL_JOIN_SESSION_KEYRING, NULL) < 0 && errno != ENOSYS) {
        fprintf(stderr, "swiftlet-shim: cannot get a session keyring of its own: %s\n", strerror(errno));
        return 1;
    }
    return spawner_main(run_directory, pid_file);
}
