import KubeModel

/// The AppArmor profile that a container asks for: by its own field, then by the older annotation, then by the pod's field.
enum AppArmorRules {
    /// Followed by the container's name.
    private static let annotation = "container.apparmor.security.beta.kubernetes.io/"

    /// `nil` when neither the container nor the pod asks for a profile.
    static func choice(_ pod: Pod, _ container: Container) throws(PlanFailure) -> ContainerConfiguration.AppArmorChoice? {
        if let profile = container.securityContext?.appArmorProfile { return try choice(profile) }
        if let text = pod.metadata.annotations?[annotation + container.name] { return try choice(annotated: text) }
        if let profile = pod.spec.securityContext?.appArmorProfile { return try choice(profile) }
        return nil
    }

    /// Whether some container must not run without AppArmor.
    static func isRequired(by pod: Pod) throws(PlanFailure) -> Bool {
        for container in (pod.spec.initContainers ?? []) + pod.spec.containers {
            switch try choice(pod, container) {
            case .runtimeDefault, .localhost: return true
            case .unconfined, nil: break
            }
        }
        return false
    }

    private static func choice(_ profile: SecurityProfile) throws(PlanFailure) -> ContainerConfiguration.AppArmorChoice {
        switch profile.type {
        case "Unconfined": return .unconfined
        case "RuntimeDefault": return .runtimeDefault
        case "Localhost": return .localhost(profile: try checked(profile.localhostProfile ?? ""))
        default: throw PlanFailure("unknown AppArmor profile type \"\(profile.type)\": wanted RuntimeDefault, Localhost or Unconfined")
        }
    }

    private static func choice(annotated text: String) throws(PlanFailure) -> ContainerConfiguration.AppArmorChoice? {
        let localhost = "localhost/"
        switch text {
        case "": return nil
        case "unconfined": return .unconfined
        case "runtime/default": return .runtimeDefault
        case _ where text.hasPrefix(localhost): return .localhost(profile: try checked(String(text.dropFirst(localhost.count))))
        default: throw PlanFailure("invalid AppArmor profile name: \"\(text)\": wanted runtime/default, unconfined or localhost/<profile>")
        }
    }

    /// The name goes to the kernel as it is. A leading `&` or `:` would be read as stacking or as another policy namespace.
    private static func checked(_ name: String) throws(PlanFailure) -> String {
        guard !name.isEmpty, name.utf8.count <= 255, name.utf8.allSatisfy({ (0x21...0x7e).contains($0) }), !name.hasPrefix("&"), !name.hasPrefix(":")
        else {
            throw PlanFailure("AppArmor localhostProfile \"\(name)\" is no profile's name: wanted 1 to 255 printable characters without blanks")
        }
        return name
    }
}
