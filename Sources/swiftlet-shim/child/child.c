#include "child/child.h"

void child_init(struct child *child, const struct record *record)
{
    *child = (struct child){
        .record = record,
        .report = -1,
        .stdio = {-1, -1, -1},
        .hook_state = -1,
        .sandbox = -1,
        .target = -1,
        .pids = -1,
        .procfs = -1,
        .cgroup = -1,
        .user = -1,
        .program = -1,
        .proc = -1,
    };
}
