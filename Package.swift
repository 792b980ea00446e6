// swift-tools-version: 6.2
import PackageDescription

let strict: [SwiftSetting] = [
    .swiftLanguageMode(.v6),
    .enableUpcomingFeature("ExistentialAny"),
    .enableUpcomingFeature("MemberImportVisibility"),
    .enableUpcomingFeature("InternalImportsByDefault"),
]

/// Code that waits for the kernel, the API server or a registry: its size counts for more than its speed.
let compact: [SwiftSetting] = strict + [.unsafeFlags(["-Osize"], .when(configuration: .release))]

/// A target of this package.
/// - Parameter isQuick: it runs for each of many Services, objects or frames, and its speed counts for more than its size.
func library(_ name: String, _ dependencies: [Target.Dependency] = [], isQuick: Bool = false) -> Target {
    .target(name: name, dependencies: dependencies, swiftSettings: isQuick ? strict : compact)
}

/// A small program: symbols are not exported for libraries that nothing loads, equal functions are folded, and relocations are packed.
let small: [LinkerSetting] = [
    .unsafeFlags(
        ["-use-ld=lld", "-Xlinker", "--no-export-dynamic", "-Xlinker", "--icf=safe", "-Xlinker", "-z", "-Xlinker", "pack-relative-relocs"],
        .when(configuration: .release))
]

func program(_ name: String, _ dependencies: [Target.Dependency]) -> Target {
    .executableTarget(name: name, dependencies: dependencies, swiftSettings: compact, linkerSettings: small)
}

func tests(_ target: String, _ dependencies: [Target.Dependency] = [], exclude: [String] = []) -> Target {
    .testTarget(name: target + "Tests", dependencies: [.byName(name: target)] + dependencies, exclude: exclude, swiftSettings: strict)
}

let asyncHTTPClient = Target.Dependency.product(name: "AsyncHTTPClient", package: "async-http-client")
let argumentParser = Target.Dependency.product(name: "ArgumentParser", package: "swift-argument-parser")
let coreMetrics = Target.Dependency.product(name: "CoreMetrics", package: "swift-metrics")
let crypto = Target.Dependency.product(name: "Crypto", package: "swift-crypto")
let hummingbirdCore = Target.Dependency.product(name: "HummingbirdCore", package: "hummingbird")
let hummingbirdTLS = Target.Dependency.product(name: "HummingbirdTLS", package: "hummingbird")
let httpTypes = Target.Dependency.product(name: "HTTPTypes", package: "swift-http-types")
let logging = Target.Dependency.product(name: "Logging", package: "swift-log")
let nioCore = Target.Dependency.product(name: "NIOCore", package: "swift-nio")
let nioPosix = Target.Dependency.product(name: "NIOPosix", package: "swift-nio")
let nioConcurrencyHelpers = Target.Dependency.product(name: "NIOConcurrencyHelpers", package: "swift-nio")
let nioHPACK = Target.Dependency.product(name: "NIOHPACK", package: "swift-nio-http2")
let nioHTTP1 = Target.Dependency.product(name: "NIOHTTP1", package: "swift-nio")
let nioHTTP2 = Target.Dependency.product(name: "NIOHTTP2", package: "swift-nio-http2")
let nioWebSocket = Target.Dependency.product(name: "NIOWebSocket", package: "swift-nio")
let nioSSL = Target.Dependency.product(name: "NIOSSL", package: "swift-nio-ssl")
let nioFoundationCompat = Target.Dependency.product(name: "NIOFoundationEssentialsCompat", package: "swift-nio")
let serviceLifecycle = Target.Dependency.product(name: "ServiceLifecycle", package: "swift-service-lifecycle")
let swiftASN1 = Target.Dependency.product(name: "SwiftASN1", package: "swift-asn1")
let unixSignals = Target.Dependency.product(name: "UnixSignals", package: "swift-service-lifecycle")
let x509 = Target.Dependency.product(name: "X509", package: "swift-certificates")

let package = Package(
    name: "swiftlet",
    products: [
        .executable(name: "swiftlet", targets: ["swiftlet"]),
        .executable(name: "swiftlet-devcluster", targets: ["swiftlet-devcluster"]),
    ],
    dependencies: [
        .package(url: "https://github.com/swift-server/async-http-client", from: "1.37.0"),
        .package(url: "https://github.com/hummingbird-project/hummingbird", from: "2.28.1", traits: []),
        .package(url: "https://github.com/apple/swift-argument-parser", from: "1.8.2"),
        .package(url: "https://github.com/apple/swift-asn1", from: "1.7.4"),
        .package(url: "https://github.com/apple/swift-certificates", from: "1.21.1"),
        .package(url: "https://github.com/apple/swift-crypto", from: "4.5.2"),
        .package(url: "https://github.com/apple/swift-http-types", from: "1.8.0"),
        .package(url: "https://github.com/apple/swift-log", from: "1.16.2"),
        .package(url: "https://github.com/apple/swift-metrics", from: "2.13.0"),
        .package(url: "https://github.com/apple/swift-nio", from: "2.101.2"),
        .package(url: "https://github.com/apple/swift-nio-http2", from: "1.46.0"),
        .package(url: "https://github.com/apple/swift-nio-ssl", from: "2.37.6"),
        .package(url: "https://github.com/swift-server/swift-service-lifecycle", from: "2.13.0"),
    ],
    targets: [
        // Level 0: what Swift cannot say.
        .target(name: "CLinux"),
        .target(name: "CSystemBus"),
        .systemLibrary(name: "CMnl", pkgConfig: "libmnl", providers: [.apt(["libmnl-dev"])]),
        .systemLibrary(name: "CNftnl", pkgConfig: "libnftnl", providers: [.apt(["libnftnl-dev"])]),
        .systemLibrary(name: "CSeccomp", pkgConfig: "libseccomp", providers: [.apt(["libseccomp-dev"])]),
        .systemLibrary(name: "CArchive", pkgConfig: "libarchive", providers: [.apt(["libarchive-dev"])]),
        .systemLibrary(name: "CYAML", pkgConfig: "yaml-0.1", providers: [.apt(["libyaml-dev"])]),
        .systemLibrary(name: "CZlib", pkgConfig: "zlib", providers: [.apt(["zlib1g-dev"])]),

        // Level 1: pure.
        library("KubeModel", isQuick: true),
        library("Timing", ["KubeModel"]),
        library("Addresses", isQuick: true),
        library("Exposition", isQuick: true),
        library("Nftables", ["Addresses", "Timing"], isQuick: true),
        library("PodCore", ["Addresses", "KubeModel", "Timing"]),
        library("ProxyCore", ["Addresses", "KubeModel", "Nftables"], isQuick: true),

        // Level 2: the kernel and the API.
        library("YAML", ["CYAML", "KubeModel"]),
        library("LinuxSystem", ["CLinux", "CSystemBus"]),
        library("MetricsStore", ["Exposition", "LinuxSystem", coreMetrics]),
        library("LinuxCgroups", ["KubeModel", "LinuxSystem", "PodCore", "Timing"]),
        library("LinuxNetlink", ["Addresses", "CMnl", "CLinux", "LinuxSystem", "ProxyCore"], isQuick: true),
        library("LinuxNftables", ["Addresses", "CMnl", "CNftnl", "LinuxNetlink", "LinuxSystem", "Nftables"], isQuick: true),
        library("ShimClient", ["CLinux", "CSeccomp", "KubeModel", "LinuxCgroups", "LinuxSystem", "PodCore", logging]),
        library(
            "KubeClient",
            [
                "Addresses", "KubeModel", "LinuxSystem", "MetricsStore", "Timing", "YAML", asyncHTTPClient, coreMetrics, crypto, logging, nioCore,
                nioPosix,
                nioHTTP1, nioHTTP2, nioSSL, nioFoundationCompat,
                swiftASN1, x509,
            ]),
        library("HTTPUpgrade", [hummingbirdCore, httpTypes, logging, nioCore, nioHTTP1, nioSSL], isQuick: true),
        library("SPDY", ["CZlib", nioCore], isQuick: true),

        // Level 3: adapters.
        library(
            "ImageStore",
            [
                "Addresses", "CArchive", "CLinux", "CSeccomp", "KubeModel", "LinuxSystem", "PodCore", "Timing", asyncHTTPClient, crypto, logging,
                nioCore, nioHTTP1, nioPosix, nioSSL,
            ]),
        library("PodRuntime", ["CArchive", "CLinux", "KubeModel", "LinuxCgroups", "LinuxSystem", "PodCore", "ShimClient", "Timing", logging]),
        library("OCIRuntime", ["CLinux", "KubeModel", "LinuxCgroups", "LinuxSystem", "PodCore", "ShimClient", logging]),
        library(
            "PodNetwork", ["Addresses", "KubeModel", "LinuxNetlink", "LinuxSystem", "Nftables", "PodCore", "ProxyCore", "Timing", logging]),
        library("PodProbes", ["KubeModel", "PodCore", nioCore, nioHPACK, nioHTTP1, nioHTTP2, nioPosix, nioSSL]),
        library("PodVolumes", ["CLinux", "LinuxSystem", "PodCore", logging]),
        library("NodeStore", ["KubeModel", "LinuxSystem", "PodCore", crypto, logging]),

        // Level 4: agents.
        library(
            "NodeAgent",
            ["Addresses", "Exposition", "KubeClient", "KubeModel", "MetricsStore", "PodCore", "Timing", "YAML", coreMetrics, logging]),
        library(
            "ProxyAgent",
            [
                "Addresses", "Exposition", "KubeClient", "KubeModel", "MetricsStore", "Nftables", "ProxyCore", "Timing", coreMetrics, logging,
                serviceLifecycle,
            ]),
        library(
            "NodeServer",
            [
                "Exposition", "HTTPUpgrade", "KubeModel", "MetricsStore", "PodCore", "SPDY", "Timing", coreMetrics, hummingbirdCore, httpTypes,
                logging, nioCore, nioPosix, nioHTTP1,
                nioWebSocket, nioSSL, serviceLifecycle, swiftASN1, x509, crypto,
            ]),
        library(
            "DevCluster",
            [
                "Addresses", "HTTPUpgrade", "KubeModel", "Timing", "YAML", asyncHTTPClient, hummingbirdCore, hummingbirdTLS, httpTypes, logging,
                nioConcurrencyHelpers, nioCore, nioPosix, nioHTTP1, nioSSL, serviceLifecycle, swiftASN1, x509, crypto,
            ]),

        // Level 5: programs.
        program(
            "swiftlet",
            [
                "Addresses", "Exposition", "HTTPUpgrade", "ImageStore", "KubeClient", "KubeModel", "LinuxCgroups", "LinuxNetlink", "LinuxNftables",
                "LinuxSystem", "MetricsStore", "NodeAgent",
                "NodeServer", "NodeStore", "Nftables", "OCIRuntime", "PodCore", "PodNetwork", "PodProbes", "PodRuntime", "PodVolumes", "ProxyAgent",
                "ProxyCore", "Timing", "YAML",
                argumentParser, asyncHTTPClient, logging, nioCore, nioHTTP1, serviceLifecycle, unixSignals,
            ]),
        program("swiftlet-devcluster", ["Addresses", "DevCluster", argumentParser, logging, serviceLifecycle, unixSignals]),

        // Benches, run by hand (`make bench-runtime`, `make bench-proxy`).
        .executableTarget(
            name: "RuntimeBench", dependencies: ["LinuxCgroups", "LinuxSystem", "PodCore", "PodRuntime", logging], path: "Tests/RuntimeBench",
            exclude: ["run.sh"], swiftSettings: strict),
        .executableTarget(
            name: "ProxyBench", dependencies: ["Addresses", "KubeModel", "LinuxNftables", "LinuxSystem", "Nftables", "ProxyCore"],
            path: "Tests/ProxyBench", swiftSettings: strict),

        // For the virtual machine: changes of limits that no client can ask the agent for yet.
        .executableTarget(
            name: "ResizeProbe", dependencies: ["LinuxCgroups", "LinuxSystem", "PodCore", "PodRuntime", logging], path: "Tests/ResizeProbe",
            swiftSettings: strict),

        // Lives of a node under simulated time (`make simulate`).
        .target(
            name: "Simulation",
            dependencies: ["DevCluster", "KubeClient", "KubeModel", "NodeAgent", "PodCore", "TestSupport", "Timing", logging],
            path: "Tests/Simulation", swiftSettings: strict),
        .executableTarget(name: "Simulate", dependencies: ["Simulation"], path: "Tests/Simulate", swiftSettings: strict),
        .testTarget(name: "SimulationTests", dependencies: ["Simulation"], swiftSettings: strict),

        // Tests.
        .target(
            name: "TestSupport",
            dependencies: ["CLinux", "KubeModel", "LinuxSystem", "Nftables", "ProxyCore", "Timing", crypto, logging, swiftASN1, x509],
            path: "Tests/TestSupport",
            swiftSettings: strict),
        .target(
            name: "ServiceCases", dependencies: ["Addresses", "KubeModel", "ProxyCore"], path: "Tests/ServiceCases", swiftSettings: strict),
        tests("Addresses", ["TestSupport"]),
        tests(
            "DevCluster",
            [
                "Addresses", "KubeModel", "TestSupport", "Timing", asyncHTTPClient, crypto, logging, nioCore, nioHTTP1, nioPosix, nioSSL,
                serviceLifecycle, swiftASN1, x509,
            ]),
        tests("Exposition"),
        tests("HTTPUpgrade", [hummingbirdCore, httpTypes, logging, nioCore, nioHTTP1, nioPosix, serviceLifecycle]),
        tests(
            "ImageStore",
            ["CLinux", "KubeModel", "LinuxSystem", "PodCore", "TestSupport", "Timing", asyncHTTPClient, logging, nioCore, nioHTTP1, nioPosix, nioSSL]),
        .testTarget(name: "ImportRulesTests", swiftSettings: strict),
        tests(
            "KubeClient",
            ["KubeModel", "TestSupport", "Timing", crypto, logging, nioCore, nioHTTP1, nioHTTP2, nioPosix, nioSSL, swiftASN1, x509]),
        tests("KubeModel", ["TestSupport"]),
        tests("LinuxCgroups", ["LinuxSystem", "PodCore", "TestSupport"]),
        tests("LinuxNetlink", ["Addresses", "CLinux", "CMnl", "LinuxSystem", "TestSupport"]),
        tests(
            "LinuxNftables",
            [
                "Addresses", "KubeModel", "LinuxNetlink", "LinuxSystem", "Nftables", "ProxyAgent", "ProxyCore", "ServiceCases", "TestSupport",
                "Timing", logging,
            ]),
        tests("LinuxSystem", ["CLinux", "TestSupport"]),
        tests("MetricsStore", ["Exposition", coreMetrics]),
        tests("Nftables", ["Addresses", "TestSupport"]),
        tests(
            "NodeAgent",
            ["DevCluster", "Exposition", "KubeClient", "KubeModel", "LinuxSystem", "MetricsStore", "PodCore", "TestSupport", "Timing", logging]),
        tests(
            "NodeServer",
            [
                "Exposition", "KubeModel", "MetricsStore", "PodCore", "SPDY", "TestSupport", "Timing", asyncHTTPClient, httpTypes, logging, nioCore,
                nioHTTP1, nioPosix, nioSSL, nioWebSocket, serviceLifecycle, x509, crypto,
            ]),
        tests("NodeStore", ["LinuxSystem", "PodCore", "TestSupport", logging]),
        tests("OCIRuntime", ["CLinux", "PodCore", "ShimClient"]),
        tests("PodCore", ["Addresses", "KubeModel", "TestSupport", "Timing", "YAML"], exclude: ["Golden/stories", "Golden/usual.yaml"]),
        tests(
            "PodNetwork",
            [
                "Addresses", "KubeModel", "LinuxNetlink", "LinuxNftables", "LinuxSystem", "Nftables", "PodCore", "ProxyCore", "TestSupport", "Timing",
                logging,
            ]),
        tests("PodProbes", ["PodCore", "TestSupport", nioCore, nioHPACK, nioHTTP2, nioPosix, nioSSL]),
        tests(
            "PodRuntime",
            ["CArchive", "CLinux", "KubeModel", "LinuxCgroups", "LinuxSystem", "PodCore", "ShimClient", "TestSupport", logging]),
        tests("PodVolumes", ["LinuxSystem", "PodCore", "TestSupport", logging]),
        tests("ProxyAgent", ["Addresses", "Exposition", "KubeModel", "MetricsStore", "Nftables", "ProxyCore", "TestSupport", "Timing", logging]),
        tests("ProxyCore", ["Addresses", "KubeModel", "Nftables", "ServiceCases", "TestSupport"]),
        tests("SPDY", ["TestSupport", nioCore]),
        tests("ShimClient", ["CLinux", "CSeccomp", "LinuxSystem", "PodCore", "TestSupport"]),
        tests("Timing", ["KubeModel", "TestSupport"]),
        tests("YAML", ["KubeModel", "TestSupport"]),
    ]
)
