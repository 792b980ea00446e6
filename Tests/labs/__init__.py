"""The shared parts of the tests of whole programs: the labs of the shim, of OCI bundles, of a node and of a virtual machine."""
