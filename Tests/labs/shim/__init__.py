"""A spawner with its sandboxes, driven over the shim's own protocol as the agent drives them."""
