#include "record/check.h"

#include <limits.h>
#include <string.h>

int refuse_value(struct fault *fault, const char *problem, const char *value)
{
    return refuse(fault, SWL_STEP_RECORD, EINVAL, "%s: \"%.200s\"", problem, value);
}

bool is_path(const char *path)
{
    return path[0] == '/' && strlen(path) < PATH_MAX;
}

int check_paths(const char *const *items, size_t count, const char *what, struct fault *fault)
{
    for (size_t i = 0; i < count; i++) {
        if (!is_path(items[i])) {
            return refuse_value(fault, what, items[i]);
        }
    }
    return 0;
}
