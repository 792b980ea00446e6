/// The families that are recorded, by the path on which they are shown. Every other family is computed at the scrape.
package enum Catalogue {
    /// `/metrics` of the node's endpoint.
    package static let node: [MetricFamily] = [
        .admissionRejections, .podStart, .podStartServiceLevel, .podStartTotal, .podWorker, .podWorkerStart, .restartedPods, .startedContainers,
        .startedContainersErrors, .startedPods, .startedPodsErrors, .requestedResizes, .evictions, .preemptions, .imageGarbageCollected, .imagePull,
        .runSandbox, .runSandboxErrors, .runtimeOperations, .runtimeOperationsErrors, .runtimeOperationsDuration, .storageOperation, .httpInflight,
        .httpRequests, .httpRequestsDuration, .clientRateLimiter, .clientRequestDuration, .clientRequests,
    ]

    /// `/metrics/slis` of the node's endpoint.
    package static let serviceLevels: [MetricFamily] = [.healthChecks]

    /// `/metrics` of the proxy.
    package static let proxy: [MetricFamily] = [
        .proxyProgramming, .proxySync, .proxyFullSync, .proxyPartialSync, .proxyEndpointChanges, .proxyServiceChanges, .proxyHealthz, .proxyLivez,
    ]
}
