extension ClusterAccess {
    /// The API server's name or address; `nil` when `server` is not a URL that can be used.
    package var serverHost: String? { ServerAddress(server)?.host }
}
