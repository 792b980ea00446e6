/// When a pod that wants an image of the node has to prove that the registry gives it the image: kubelet's `imagePullCredentialsVerificationPolicy`.
package struct ImageVerification: Sendable, Hashable {
    package enum Policy: String, Sendable, Hashable, CaseIterable {
        case neverVerify = "NeverVerify"
        case neverVerifyPreloadedImages = "NeverVerifyPreloadedImages"
        case neverVerifyAllowlistedImages = "NeverVerifyAllowlistedImages"
        case alwaysVerify = "AlwaysVerify"
    }

    package var policy: Policy
    /// For `neverVerifyAllowlistedImages`: names as pods write them, without tag and digest, or the beginnings of names before a last `*`.
    package var allowlist: [String]

    package init(_ policy: Policy = .neverVerifyPreloadedImages, allowlist: [String] = []) {
        self.policy = policy
        self.allowlist = allowlist
    }

    /// Whether a pod needs credentials for an image that is on the node.
    /// - Parameter image: as the pod writes it.
    package func isRequired(for image: String, _ access: ImageAccess) -> Bool {
        if access == .open { return false }
        switch policy {
        case .neverVerify: return false
        case .neverVerifyPreloadedImages: return access != .unrecorded
        case .neverVerifyAllowlistedImages: return !isListed(image)
        case .alwaysVerify: return true
        }
    }

    private func isListed(_ image: String) -> Bool {
        let name = Self.name(of: image)
        return allowlist.contains { $0.hasSuffix("/*") ? name.hasPrefix($0.dropLast()) : name == $0 }
    }

    /// Returns why an entry of the allowlist cannot be used; `nil` for a good one.
    package static func problem(inPattern pattern: String) -> String? {
        let isPrefix = pattern.hasSuffix("/*")
        let name = isPrefix ? String(pattern.dropLast()) : pattern
        guard !name.isEmpty, !name.contains(where: \.isWhitespace) else { return "wanted a name without blanks" }
        guard !name.contains("*") else { return "wanted a * only as the last character, after a /" }
        if isPrefix { return name == "/" ? "wanted at least the registry's host before /*" : nil }
        return Self.name(of: name) == name ? nil : "wanted a name without tag and digest"
    }

    /// An image's name without tag and digest, otherwise as it is written.
    private static func name(of image: String) -> String {
        let name = image.prefix { $0 != "@" }
        let start = name.lastIndex(of: "/") ?? name.startIndex
        guard let colon = name[start...].lastIndex(of: ":") else { return String(name) }
        return String(name[..<colon])
    }
}
