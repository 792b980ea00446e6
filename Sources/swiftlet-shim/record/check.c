// Checks of a well-formed record: values that the launch steps rely on.
#include "record/check.h"

#include <limits.h>
#include <linux/oom.h>
#include <string.h>

int record_check(const struct record *record, struct fault *fault)
{
    if (record->cgroup_path && !is_path(record->cgroup_path)) {
        return refuse_value(fault, "cgroup path is not absolute", record->cgroup_path);
    }
    if (record->oom_score_adj < OOM_SCORE_ADJ_MIN || record->oom_score_adj > OOM_SCORE_ADJ_MAX) {
        return refuse(fault, SWL_STEP_RECORD, EINVAL, "oomScoreAdj %d is not within %d...%d", record->oom_score_adj,
                      OOM_SCORE_ADJ_MIN, OOM_SCORE_ADJ_MAX);
    }
    if (record->kind != SWL_KIND_EXEC && (check_namespaces(record, fault) != 0 || check_sysctls(record, fault) != 0)) {
        return -1;
    }
    if (record->kind == SWL_KIND_SANDBOX) {
        if (record->hostname && (strlen(record->hostname) > HOST_NAME_MAX || record->namespaces.uts != SWL_NS_NEW)) {
            return refuse_value(fault, "a hostname needs a new uts namespace and at most 64 bytes", record->hostname);
        }
        if (record->domainname && (strlen(record->domainname) > HOST_NAME_MAX || record->namespaces.uts != SWL_NS_NEW)) {
            return refuse_value(fault, "a domain name needs a new uts namespace and at most 64 bytes", record->domainname);
        }
        if (check_mappings(record, fault) != 0) {
            return -1;
        }
        return check_paths(&record->pause_path, 1, "pause path is not absolute", fault);
    }
    if (check_program(record, fault) != 0 || check_options(record, fault) != 0) {
        return -1;
    }
    if (record->kind == SWL_KIND_EXEC) {
        return 0;
    }
    if (record->log_path && !is_path(record->log_path)) {
        return refuse_value(fault, "log path is not absolute", record->log_path);
    }
    if (record->log_limits.max_size && record->log_limits.max_files < 2) {
        return refuse(fault, SWL_STEP_RECORD, EINVAL, "rotation needs maxFiles of at least 2");
    }
    return check_root(record, fault) != 0 || check_mounts(record, fault) != 0 ? -1 : 0;
}
