"""A virtual machine as the node: Debian with systemd and all cgroup v2 controllers, while registry and control plane run beside it."""
import os
import sys

# What Tests/node is made of.
sys.path.insert(0, os.path.join(os.path.dirname(__file__), "..", "..", "node"))
