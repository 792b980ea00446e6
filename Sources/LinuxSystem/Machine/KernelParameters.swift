/// Kernel parameters by dotted name (`vm.overcommit_memory`).
package struct KernelParameters: Sendable {
    /// A parameter that is not what it should be.
    package struct Difference: Sendable, Hashable, CustomStringConvertible {
        package let name: String
        /// `nil` where the kernel has no such parameter.
        package let found: String?
        package let wanted: String

        package var description: String { "\(name) is \(found ?? "not there"), wanted \(wanted)" }
    }

    /// `/proc/sys`, or a directory with its layout.
    package let root: String

    package init(root: String = "/proc/sys") { self.root = root }

    /// Sorted by name.
    package func differences(from wanted: [String: String]) throws(SystemError) -> [Difference] {
        var result: [Difference] = []
        for (name, value) in wanted.sorted(by: { $0.key < $1.key }) {
            let found: String?
            do throws(SystemError) {
                found = try SmallFile.line(path(name))
            } catch {
                guard error.isNotFound else { throw error }
                found = nil
            }
            if found != value { result.append(Difference(name: name, found: found, wanted: value)) }
        }
        return result
    }

    /// The parameters that are below these values, sorted by name.
    package func differences(below minimums: [String: Int]) throws(SystemError) -> [Difference] {
        try differences(from: minimums.mapValues(String.init)).filter { difference in
            guard let found = difference.found.flatMap({ Int($0) }), let wanted = minimums[difference.name] else { return true }
            return found < wanted
        }
    }

    package func set(_ name: String, to value: String) throws(SystemError) { try SmallFile.write(value, to: path(name)) }

    private func path(_ name: String) -> String { root + "/" + String(name.map { $0 == "." ? "/" : $0 }) }
}
