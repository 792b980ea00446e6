import KubeClient
import KubeModel
import Testing

@Suite struct PureTests {
    @Test("the bucket grants the burst, then the rate")
    func bucketGivesTheBurstThenTheRate() {
        var bucket = TokenBucket(rate: 50, burst: 100, now: .zero)
        for _ in 0..<100 { #expect(bucket.take(now: .zero) == true) }
        #expect(bucket.take(now: .zero) == false)
        #expect(bucket.wait(for: 1, now: .zero) == .milliseconds(20))
        #expect(bucket.wait(for: 2, now: .zero) == .milliseconds(40))
        for _ in 0..<50 { #expect(bucket.take(now: .seconds(1)) == true) }
        #expect(bucket.take(now: .seconds(1)) == false)
        // Never more than the burst, however long it was quiet.
        for _ in 0..<100 { #expect(bucket.take(now: .seconds(1000)) == true) }
        #expect(bucket.take(now: .seconds(1000)) == false)
    }

    @Test("the cache drops expired entries and is bounded")
    func cacheForgetsAndIsBounded() {
        var cache = ExpiringCache<Int, String>(limit: 10)
        cache.store("a", for: 1, expires: .seconds(5), now: .zero)
        #expect(cache.value(1, now: .seconds(4)) == "a")
        #expect(cache.value(1, now: .seconds(5)) == nil)
        for key in 0..<1000 { cache.store("x", for: key, expires: .seconds(100), now: .zero) }
        #expect(cache.count <= 10)
        #expect(cache.value(999, now: .zero) == "x")
    }

    @Test(
        "each part of a path is escaped",
        arguments: [
            (nil, nil, nil, "/api/v1/pods"),
            ("default", nil, nil, "/api/v1/namespaces/default/pods"),
            ("default", "web", "status", "/api/v1/namespaces/default/pods/web/status"),
            ("a/b", "../x", nil, "/api/v1/namespaces/a%2Fb/pods/..%2Fx"),
            ("..", "web", nil, "/api/v1/namespaces/%2E%2E/pods/web"),
        ] as [(String?, String?, String?, String)])
    func paths(namespace: String?, name: String?, subresource: String?, wanted: String) {
        #expect(APIPath.path(Pod.resource, namespace: namespace, name: name, subresource: subresource) == wanted)
    }

    @Test("paths of cluster-scoped objects have no namespace")
    func clusterScopedPathsHaveNoNamespace() {
        #expect(APIPath.path(Node.resource, namespace: "default", name: "n1") == "/api/v1/nodes/n1")
        #expect(
            APIPath.path(Lease.resource, namespace: "kube-node-lease", name: "n1")
                == "/apis/coordination.k8s.io/v1/namespaces/kube-node-lease/leases/n1")
    }
}
