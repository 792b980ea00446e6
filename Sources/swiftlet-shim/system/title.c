#include "system/system.h"

#include <string.h>

static char *title_start;
static size_t title_room;

void title_init(int argc, char **argv)
{
    extern char **environ;
    char *end = argv[argc - 1] + strlen(argv[argc - 1]) + 1;
    title_start = argv[0];
    for (char **variable = environ; variable && *variable == end; variable++) {
        end += strlen(*variable) + 1;
    }
    title_room = (size_t)(end - argv[0]);
}

void title_set(const char *title)
{
    if (title_room > 1) {
        memset(title_start, 0, title_room);
        strncpy(title_start, title, title_room - 1);
    }
}
