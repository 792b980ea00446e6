/// Huge pages that the kernel has set aside, by their size.
package enum HugePages {
    /// Returns the bytes in pages of each size that the kernel knows, by the size in bytes; empty where the kernel has no huge pages.
    package static func reserved(in directory: String = "/sys/kernel/mm/hugepages") throws(SystemError) -> [UInt64: UInt64] {
        let (prefix, suffix) = ("hugepages-", "kB")
        var reserved: [UInt64: UInt64] = [:]
        for name in try DirectoryListing.names(at: directory) where name.hasPrefix(prefix) && name.hasSuffix(suffix) {
            guard let kibibytes = UInt64(name.dropFirst(prefix.utf8.count).dropLast(suffix.utf8.count)) else { continue }
            let path = "\(directory)/\(name)/nr_hugepages"
            let line = try SmallFile.line(path)
            guard let count = UInt64(line) else {
                throw SystemError(code: .malformed, call: "read", path: path, detail: "wanted a number of pages, found \(line)")
            }
            reserved[kibibytes << 10] = count * (kibibytes << 10)
        }
        return reserved
    }
}
