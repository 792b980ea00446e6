// UTC without the C library's time zone machinery, which would read files and allocate.
#pragma once

#include <stddef.h>
#include <stdint.h>

#define LOG_TIME_LENGTH 30   // of "2026-01-02T03:04:05.123456789Z"
#define LOG_SECOND_LENGTH 15 // of "20260102-030405"

// Both functions write exactly their length, without a NUL. `ns` counts from 1970.
void log_time_format(int64_t ns, char out[LOG_TIME_LENGTH]);
void log_second_format(int64_t seconds, char out[LOG_SECOND_LENGTH]);
