// Resolves args[0] to a path for execve(), as a shell does, and words the errors.
#include "child/steps.h"

#include <limits.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>

int exec_failed(const char *name, int error, struct fault *fault)
{
    const char *reason = error == ENOENT    ? "no such file or directory"
                         : error == EACCES  ? "permission denied"
                         : error == EISDIR  ? "is a directory"
                         : error == ENOEXEC ? "exec format error"
                                            : strerrordesc_np(error);
    return refuse(fault, SWL_STEP_EXEC, error, "exec: \"%.300s\": %s", name, reason ? reason : "unknown error");
}

// Returns 0 if the current user can execute `path`, else the errno of the obstacle.
static int try_program(const char *path)
{
    struct stat status;
    if (stat(path, &status) != 0) {
        return errno;
    }
    if (S_ISDIR(status.st_mode)) {
        return EISDIR;
    }
    return faccessat(AT_FDCWD, path, X_OK, AT_EACCESS) == 0 ? 0 : errno;
}

int find_program(const struct record *record, char *path, struct fault *fault)
{
    const char *name = record->args.items[0], *search = NULL;
    if (strchr(name, '/')) {
        int error = strlen(name) < PATH_MAX ? try_program(strcpy(path, name)) : ENAMETOOLONG;
        return error ? exec_failed(name, error, fault) : 0;
    }
    for (size_t i = 0; i < record->env.count; i++) {
        if (strncmp(record->env.items[i], "PATH=", 5) == 0) {
            search = record->env.items[i] + 5;
        }
    }
    int denied = 0;
    while (search && *search) {
        size_t length = strcspn(search, ":");
        // An empty element would mean the working directory. Image authors do not intend that, so it is skipped.
        if (length && snprintf(path, PATH_MAX, "%.*s/%s", (int)length, search, name) < PATH_MAX) {
            int error = try_program(path);
            if (error == 0) {
                return 0;
            }
            denied = error == EACCES ? EACCES : denied;
        }
        search += length + (search[length] == ':');
    }
    return denied ? exec_failed(name, denied, fault)
                  : refuse(fault, SWL_STEP_EXEC, ENOENT, "exec: \"%.300s\": executable file not found in $PATH", name);
}
