"""A virtual machine as the node: Debian with systemd and all cgroup v2 controllers. Registry and control plane run beside it."""
