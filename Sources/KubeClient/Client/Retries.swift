/// Decides whether a failed call is tried again inside its deadline.
struct Retries {
    private var afterServerWish = 0
    private var afterLostConnection = 0
    private var afterUnauthorized = 0

    /// How long to wait before the next try; nil when the error is final.
    mutating func pause(after error: APIError, method: String) -> Duration? {
        if let status = error.httpStatus {
            // With Retry-After the server says that it has not done anything yet.
            if status == 429 || status >= 500, let seconds = error.retryAfterSeconds, afterServerWish < 10 {
                afterServerWish += 1
                return .seconds(max(1, seconds))
            }
            // The token or certificate may just have been replaced.
            if status == 401, afterUnauthorized == 0 {
                afterUnauthorized = 1
                return .zero
            }
            return nil
        }
        // A kept-open connection that the server closed at the same moment; reading twice does no harm.
        if error.code == .connectionLost, method == "GET", afterLostConnection == 0 {
            afterLostConnection = 1
            return .zero
        }
        return nil
    }
}
