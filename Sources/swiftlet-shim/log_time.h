// UTC without the C library's time zone machinery, which would read files and allocate.
#pragma once

#include <stddef.h>

struct log_time {
    int year, month, day, hour, minute, second;
    long nanosecond;
};

void log_time_now(struct log_time *time);
// "2026-01-02T03:04:05.123456789Z"; returns 30.
size_t log_time_format(const struct log_time *time, char *out);

struct log;
void log_rotate(struct log *log);
