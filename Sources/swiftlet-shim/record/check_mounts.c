// Mounts, devices and the root file system of a container.
#include "record/check.h"

#include <limits.h>
#include <string.h>
#include <sys/stat.h>

int check_mounts(const struct record *record, struct fault *fault)
{
    for (size_t i = 0; i < record->mounts.count; i++) {
        const struct mount_spec *mount = &record->mounts.items[i];
        const struct swl_mount *fixed = &mount->fixed;
        uint32_t times = fixed->attributes & (SWL_ATTR_NOATIME | SWL_ATTR_STRICTATIME);
        if (fixed->type < SWL_MOUNT_BIND || fixed->type > SWL_MOUNT_MQUEUE || (fixed->attributes & ~(uint32_t)SWL_ATTR_ALL) ||
            times == (SWL_ATTR_NOATIME | SWL_ATTR_STRICTATIME) || fixed->propagation > SWL_PROPAGATION_UNBINDABLE ||
            !is_path(mount->destination) || (fixed->type == SWL_MOUNT_BIND && mount->data[0])) {
            return refuse_value(fault, "type, attributes, propagation, destination or data of a mount are not valid",
                                mount->destination);
        }
        bool user = record->namespaces.user == SWL_NS_SANDBOX;
        if ((fixed->attributes & SWL_ATTR_IDMAPPED) && (!user || fixed->type != SWL_MOUNT_BIND)) {
            return refuse_value(fault, "shifted owners are for bind mounts of a pod with a user namespace", mount->destination);
        }
        // The kernel turns shared mounts into slaves when a user namespace gets its copy.
        if (fixed->propagation == SWL_PROPAGATION_SHARED && user) {
            return refuse_value(fault, "a pod with a user namespace cannot propagate mounts to the host", mount->destination);
        }
    }
    for (size_t i = 0; i < record->devices.count; i++) {
        const struct device_spec *device = &record->devices.items[i];
        if (!is_path(device->path) || !memchr("cbp", (int)device->fixed.type, 3) || device->fixed.type > SCHAR_MAX ||
            (device->fixed.mode & ~(uint32_t)ALLPERMS)) {
            return refuse_value(fault, "device is not valid", device->path);
        }
    }
    return 0;
}

int check_root(const struct record *record, struct fault *fault)
{
    if (check_paths(&record->root_path, 1, "root path is not absolute", fault) != 0 ||
        check_paths(record->lowers.items, record->lowers.count, "lower directory is not absolute", fault) != 0 ||
        check_paths(record->volumes.items, record->volumes.count, "volume of the image is not absolute", fault) != 0 ||
        check_paths(record->masked_paths.items, record->masked_paths.count, "masked path is not absolute", fault) != 0 ||
        check_paths(record->readonly_paths.items, record->readonly_paths.count, "readonly path is not absolute", fault) != 0) {
        return -1;
    }
    if (!record->upper != !record->work || (record->upper && !record->lowers.count) ||
        (record->upper && (!is_path(record->upper) || !is_path(record->work)))) {
        return refuse(fault, SWL_STEP_RECORD, EINVAL, "upper and work directory go together, absolute, with lower directories");
    }
    return 0;
}
