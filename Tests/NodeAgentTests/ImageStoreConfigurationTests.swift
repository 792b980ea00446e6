import PodCore
import Testing

@testable import NodeAgent

@Suite("Configuration of the image store") struct ImageStoreConfigurationTests {
    private func kubelet(_ fields: String) throws -> ImageCollectionPolicy {
        try ConfigurationLoader.parse(
            [("c.yaml", "apiVersion: kubelet.config.k8s.io/v1beta1\nkind: KubeletConfiguration\n" + fields)], notes: .init()
        )
        .kubelet.imageCollection
    }

    private func swiftlet(_ fields: String) throws -> SwiftletSettings {
        try ConfigurationLoader.parse([("c.yaml", "apiVersion: swiftlet.dev/v1alpha1\nkind: SwiftletConfiguration\n" + fields)], notes: .init())
            .swiftlet
    }

    @Test("the fields of image garbage collection are taken over, with kubelet's defaults")
    func collection() throws {
        #expect(
            try kubelet("") == ImageCollectionPolicy(highThreshold: 85, lowThreshold: 80, minimumAge: .seconds(120), maximumAge: .zero))
        #expect(
            try kubelet("imageGCHighThresholdPercent: 70\nimageGCLowThresholdPercent: 50\nimageMinimumGCAge: 5m\nimageMaximumGCAge: 24h\n")
                == ImageCollectionPolicy(highThreshold: 70, lowThreshold: 50, minimumAge: .seconds(300), maximumAge: .seconds(86400)))
        // As kubeadm writes a default.
        #expect(try kubelet("imageMinimumGCAge: 0s\nimageMaximumGCAge: 0s\n") == ImageCollectionPolicy())
    }

    @Test(
        "thresholds and ages that contradict each other are refused",
        arguments: [
            ("imageGCHighThresholdPercent: 70\n", "imageGCHighThresholdPercent"), ("imageGCLowThresholdPercent: 85\n", "imageGCLowThresholdPercent"),
            ("imageGCHighThresholdPercent: 101\n", "imageGCHighThresholdPercent"), ("imageMaximumGCAge: 1m\n", "imageMaximumGCAge"),
        ])
    func contradictions(_ text: String, _ field: String) {
        let error = #expect(throws: ConfigurationError.self) { try kubelet(text) }
        #expect(error?.field == field)
    }

    @Test("the limits of images are taken over")
    func limits() throws {
        let found = try swiftlet(
            """
            imageLimits:
              layerRatio: 5000
              layerSize: 10Gi
              imageSize: 20Gi
              unpackedLayerSize: 30Gi
              layerEntries: 1000
              layerDepth: 300
              unpackTimeout: 10m
              freeSpace: "0"
            imageImports: /srv/images
            """)
        var wanted = ImageCaps()
        wanted.layerRatio = 5000
        wanted.layerSize = 10 << 30
        wanted.imageSize = 20 << 30
        wanted.unpackedLayerSize = 30 << 30
        wanted.layerEntries = 1000
        wanted.layerDepth = 300
        wanted.unpackTimeout = .seconds(600)
        wanted.freeSpace = 0
        #expect(found.imageLimits == wanted)
        #expect(found.imageImports == "/srv/images")
    }

    @Test(
        "limits that make no sense are refused with the field's name",
        arguments: [
            ("layerRatio: 0", "imageLimits.layerRatio"), ("layerSize: many", "imageLimits.layerSize"), ("freeSpace: -1", "imageLimits.freeSpace"),
            ("layerDepth: 5000", "imageLimits.layerDepth"), ("layerRatios: 5", "imageLimits.layerRatios"),
        ])
    func badLimits(_ text: String, _ field: String) {
        let error = #expect(throws: ConfigurationError.self) { try swiftlet("imageLimits: {\(text)}\n") }
        #expect(error?.field == field)
    }
}
