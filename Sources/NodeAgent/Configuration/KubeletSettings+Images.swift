import PodCore

extension KubeletSettings {
    /// Reads the limits of pulls. 0 images at once means any number.
    mutating func readImagePulls(_ reader: inout FieldReader) throws {
        var isSerial = false
        try reader.read("serializeImagePulls", into: &isSerial)
        var parallel = 0
        try reader.read("maxParallelImagePulls", into: &parallel, in: 0...10_000)
        let node = reader.node("maxParallelImagePulls")
        if let node, isSerial, parallel > 1 {
            throw reader.bad(node, "maxParallelImagePulls", "found \(parallel) together with serializeImagePulls: true, wanted only one of the two")
        }
        var rate = imagePulls.rate
        try reader.read("registryPullQPS", into: &rate, in: 0...1_000_000)
        var burst = 0
        try reader.read("registryBurst", into: &burst, in: 0...1_000_000)
        imagePulls = ImagePullLimits(
            parallel: isSerial ? 1 : parallel > 0 ? parallel : nil, rate: rate, burst: burst > 0 ? burst : imagePulls.burst)
    }

    /// Reads when pods have to prove that they may use an image of the node.
    mutating func readImageVerification(_ reader: inout FieldReader) throws {
        try reader.read("imagePullCredentialsVerificationPolicy", into: &imageVerification.policy)
        let key = "preloadedImagesVerificationAllowlist"
        try reader.read(key, into: &imageVerification.allowlist)
        guard !imageVerification.allowlist.isEmpty else { return }
        let wanted = ImageVerification.Policy.neverVerifyAllowlistedImages
        guard imageVerification.policy == wanted else {
            throw reader.bad(key, "found a list together with the policy \(imageVerification.policy.rawValue), wanted \(wanted.rawValue)")
        }
        for pattern in imageVerification.allowlist {
            if let problem = ImageVerification.problem(inPattern: pattern) { throw reader.bad(key, "found '\(pattern)', \(problem)") }
        }
    }

    /// Reads when unused images are removed.
    mutating func readImages(_ reader: inout FieldReader) throws {
        try reader.read("imageMinimumGCAge", into: &imageCollection.minimumAge)
        try reader.read("imageMaximumGCAge", into: &imageCollection.maximumAge, zeroMeansDefault: false)
        try reader.read("imageGCHighThresholdPercent", into: &imageCollection.highThreshold, in: 0...100)
        try reader.read("imageGCLowThresholdPercent", into: &imageCollection.lowThreshold, in: 0...100)
        let images = imageCollection
        if images.lowThreshold >= images.highThreshold {
            let written = ["imageGCLowThresholdPercent", "imageGCHighThresholdPercent"].compactMap { key in reader.node(key).map { (key, $0) } }
            if let (key, node) = written.first {
                throw reader.bad(
                    node, key,
                    "found \(images.lowThreshold) for imageGCLowThresholdPercent and \(images.highThreshold) for imageGCHighThresholdPercent, "
                        + "wanted the low threshold below the high one")
            }
        }
        if images.maximumAge > .zero, images.maximumAge <= images.minimumAge, let node = reader.node("imageMaximumGCAge") {
            throw reader.bad(node, "imageMaximumGCAge", "found a time that is not longer than imageMinimumGCAge")
        }
    }
}
