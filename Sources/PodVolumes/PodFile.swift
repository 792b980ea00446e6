/// A file in a pod's folder that all of its containers see.
enum PodFile: String, Sendable, Hashable, CaseIterable {
    case hosts = "etc-hosts"
    case hostname = "etc-hostname"
    case resolvConf = "etc-resolv.conf"

    func path(in folder: String) -> String { folder + "/" + rawValue }
}
