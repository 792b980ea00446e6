// The checks of a decoded record, one file per subject; record_check() in check.c calls all of them.
#pragma once

#include "record/record.h"

int record_check(const struct record *record, struct fault *fault);

int check_namespaces(const struct record *record, struct fault *fault);
int check_mappings(const struct record *record, struct fault *fault);
int check_sysctls(const struct record *record, struct fault *fault);
int check_program(const struct record *record, struct fault *fault);
int check_root(const struct record *record, struct fault *fault);
int check_mounts(const struct record *record, struct fault *fault);
// Rarely used options: clocks, hooks, device rules, scheduling.
int check_options(const struct record *record, struct fault *fault);

// check_paths.c
// Refuses the record with the text "problem: value".
int refuse_value(struct fault *fault, const char *problem, const char *value);
// Returns whether the path is absolute and fits PATH_MAX.
bool is_path(const char *path);
int check_paths(const char *const *items, size_t count, const char *problem, struct fault *fault);
