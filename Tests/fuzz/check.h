// Aborts unless the condition holds.
#pragma once

#include <stdio.h>
#include <stdlib.h>

#define CHECK(condition)                                                                                                         \
    do {                                                                                                                         \
        if (!(condition)) {                                                                                                      \
            fprintf(stderr, "%s:%d: " #condition "\n", __FILE__, __LINE__);                                                      \
            abort();                                                                                                             \
        }                                                                                                                        \
    } while (0)
