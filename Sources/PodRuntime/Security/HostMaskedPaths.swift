import Glibc
import LinuxSystem

/// Paths that are masked for every container that is masked at all, and that only the machine can name.
enum HostMaskedPaths {
    /// How often each processor was too hot: what one container's load does can be read by another.
    static let thermalThrottle = thermalThrottle(processors: "/sys/devices/system/cpu")

    static func thermalThrottle(processors: String) -> [String] {
        let names = (try? DirectoryListing.names(at: processors)) ?? []
        return names.filter { $0.hasPrefix("cpu") }.sorted().map { "\(processors)/\($0)/thermal_throttle" }.filter { access($0, F_OK) == 0 }
    }
}
