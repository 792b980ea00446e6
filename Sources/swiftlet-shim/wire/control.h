// Room for the descriptors of one message.
#pragma once

#include <sys/socket.h>

#include "swl_wire.h"

union control {
    struct cmsghdr header;
    char space[CMSG_SPACE(sizeof(int) * SWL_FDS_MAX)];
};
