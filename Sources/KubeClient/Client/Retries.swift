/// Decides whether a failed call is tried again inside its deadline.
struct Retries {
    private var afterServerWish = 0
    private var afterLostConnection = 0
    private var afterUnauthorized = 0
    private var afterUnknownBinding = 0

    /// Pauses that double from 20 ms, two seconds in all.
    private static let bindingPauses = [20, 40, 80, 160, 320, 640, 740].map { Duration.milliseconds($0) }

    /// Returns the pause before the next try, nil when the error is final.
    mutating func pause(after error: APIError, isRepeatable: Bool) -> Duration? {
        if let status = error.httpStatus {
            // Retry-After means that the server has not acted on the call.
            if status == 429 || status >= 500, let seconds = error.retryAfterSeconds, afterServerWish < 10 {
                afterServerWish += 1
                return .seconds(max(1, seconds))
            }
            // The token or certificate may just have been replaced.
            if status == 401, afterUnauthorized == 0 {
                afterUnauthorized = 1
                return .zero
            }
            if error.isOfUnknownBinding, afterUnknownBinding < Self.bindingPauses.count {
                defer { afterUnknownBinding += 1 }
                return Self.bindingPauses[afterUnknownBinding]
            }
            return nil
        }
        // The server, or a load balancer before it, may have dropped an idle connection just when the call went out.
        if error.code == .connectionLost, isRepeatable, afterLostConnection == 0 {
            afterLostConnection = 1
            return .zero
        }
        return nil
    }
}
