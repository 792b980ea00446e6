package import CLinux

/// Fields that records of pods and of OCI bundles have alike.
extension WireWriter {
    /// - Parameter source: the number of the descriptor that is bound; `nil` for a file system of its own.
    package mutating func mount(
        _ type: swl_mount_type, at destination: String, source: UInt32?, attributes: UInt32, propagation: UInt32, data: String
    ) {
        layout(
            SWL_TAG_MOUNT,
            swl_mount(
                type: type.rawValue, source: source ?? 0, attributes: attributes, propagation: propagation,
                destination_length: UInt32(destination.utf8.count), data_length: UInt32(data.utf8.count)), followedBy: [destination, data])
    }

    /// In the order of their names, so that equal sets look equal.
    package mutating func sysctls(_ values: [String: String]) {
        for (key, value) in values.sorted(by: { $0.key < $1.key }) {
            layout(
                SWL_TAG_SYSCTL, swl_sysctl(key_length: UInt32(key.utf8.count), value_length: UInt32(value.utf8.count)), followedBy: [key, value])
        }
    }
}
