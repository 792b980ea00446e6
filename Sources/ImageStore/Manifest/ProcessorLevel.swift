/// The level of an x86-64 processor (x86-64 psABI, chapter "Micro-Architecture Levels"), which images name as their variant.
enum ProcessorLevel {
    /// The features that each level adds, as /proc/cpuinfo names them. LZCNT is `abm`, SSE3 is `pni`.
    private static let levels: [(variant: String, features: Set<Substring>)] = [
        ("v2", ["cx16", "lahf_lm", "popcnt", "pni", "sse4_1", "sse4_2", "ssse3"]),
        ("v3", ["avx", "avx2", "bmi1", "bmi2", "f16c", "fma", "abm", "movbe", "xsave"]),
        ("v4", ["avx512f", "avx512bw", "avx512cd", "avx512dq", "avx512vl"]),
    ]

    /// Returns the highest variant whose features all processors have, empty for the first.
    /// - Parameter text: /proc/cpuinfo.
    static func variant(cpuinfo text: String) -> String {
        var common: Set<Substring>?
        for line in text.split(separator: "\n") where line.hasPrefix("flags") {
            let flags = Set(line.drop { $0 != ":" }.dropFirst().split(separator: " "))
            // Processors of one machine hardly ever differ.
            if common != flags { common = common?.intersection(flags) ?? flags }
        }
        guard let common else { return "" }
        return levels.prefix { common.isSuperset(of: $0.features) }.last?.variant ?? ""
    }
}
