/// Calls to the API server.
extension MetricFamily {
    package static let clientRateLimiter = histogram(
        "rest_client_rate_limiter_duration_seconds",
        "[ALPHA] Client side rate limiter latency in seconds. Broken down by verb, and host.", labels: ["host", "verb"], bounds: Buckets.calls)
    package static let clientRequestDuration = histogram(
        "rest_client_request_duration_seconds",
        "[ALPHA] Request latency in seconds. Broken down by verb, and host.", labels: ["host", "verb"], bounds: Buckets.calls)
    package static let clientRequests = counter(
        "rest_client_requests_total",
        "[ALPHA] Number of HTTP requests, partitioned by status code, method, and host.", labels: ["code", "host", "method"])
}
