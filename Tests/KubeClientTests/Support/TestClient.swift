import KubeClient
import Logging
import TestSupport
import Timing

enum TestClient {
    static func options(_ time: any TimeSource = SystemTime(), random: Double = 0, rate: Double = 1000) -> ClientOptions {
        ClientOptions(version: "1.2.3", queriesPerSecond: rate, burst: 100, time: time, random: { random }, logger: .silent)
    }

    static func make(_ url: String, time: any TimeSource = SystemTime(), random: Double = 0) throws -> KubeClient {
        try KubeClient(ClusterAccess(server: url, origin: "test"), options: options(time, random: random))
    }
}
