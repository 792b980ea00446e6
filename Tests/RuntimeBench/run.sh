#!/bin/sh
# Runs the bench in a mount namespace of its own. crun refuses hybrid cgroups (v1 with a v2 mount beside it), so that mount is moved out
# of its sight there; on a host with v2 alone nothing is moved.
set -eu
[ "$(id -u)" = 0 ] || { echo "bench-runtime needs root: it makes namespaces, cgroups and mounts" >&2; exit 1; }
if [ "${1:-}" != --inside ]; then
  exec unshare --mount --propagation private "$0" --inside "$@"
fi
shift
root=/sys/fs/cgroup
if [ "$(stat -f -c %T $root)" != cgroup2fs ]; then
  root=$(mktemp -d /dev/shm/swiftlet-bench-cgroup.XXXXXX)
  mount -t cgroup2 none "$root"
  umount /sys/fs/cgroup/unified
fi
status=0
"$@" --cgroup-root "$root" || status=$?
case $root in /dev/shm/*) umount "$root"; rmdir "$root" ;; esac
exit $status
