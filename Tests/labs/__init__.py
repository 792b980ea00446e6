"""What the tests of whole programs share: the labs of the shim, of OCI bundles, of a node and of a virtual machine."""
