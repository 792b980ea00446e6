"""Bundles, and the program under test, driven as a container manager drives it."""
