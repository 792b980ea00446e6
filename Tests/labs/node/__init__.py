"""A node to test with: a registry, a control plane and the agent in network namespaces of their own, undone on every exit."""
