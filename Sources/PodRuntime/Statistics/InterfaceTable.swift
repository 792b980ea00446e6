import PodCore

/// The table of `/proc/net/dev`: two lines of headings, then a line for each interface.
///
/// Total over bytes of any content: lines of another form are skipped.
struct InterfaceTable {
    let interfaces: [InterfaceCounters]

    /// - Parameter isWanted: decides by the name, before the numbers are read.
    init(_ bytes: [UInt8], isWanted: (ArraySlice<UInt8>) -> Bool) {
        var found: [InterfaceCounters] = []
        for line in bytes.split(separator: UInt8(ascii: "\n")).dropFirst(2) {
            // A name may hold colons, numbers do not.
            guard let colon = line.lastIndex(of: UInt8(ascii: ":")) else { continue }
            let name = line[..<colon].drop { $0 == UInt8(ascii: " ") }
            guard !name.isEmpty, isWanted(name), let numbers = Self.numbers(line[colon...].dropFirst()) else { continue }
            found.append(
                InterfaceCounters(
                    name: String(decoding: name, as: UTF8.self),
                    received: .init(bytes: numbers[0], packets: numbers[1], errors: numbers[2], dropped: numbers[3]),
                    sent: .init(bytes: numbers[8], packets: numbers[9], errors: numbers[10], dropped: numbers[11])))
        }
        interfaces = found
    }

    /// Whether an interface counts: not the loopback, and not the node's end of a pod's pair, whose traffic is the pod's.
    static func isOwn(_ name: ArraySlice<UInt8>) -> Bool {
        if name.elementsEqual("lo".utf8) { return false }
        return !podLinks.contains { name.starts(with: $0.utf8) }
    }

    /// The beginnings of the names of such ends, of this agent and of others.
    private static let podLinks = ["swl", "veth", "docker", "nerdctl"]

    /// Twelve decimal numbers at least, separated by blanks.
    private static func numbers(_ text: ArraySlice<UInt8>) -> [UInt64]? {
        var numbers: [UInt64] = []
        var current: UInt64?
        for byte in text {
            if byte >= 0x30, byte <= 0x39 {
                let (product, overflows) = (current ?? 0).multipliedReportingOverflow(by: 10)
                let (sum, passes) = product.addingReportingOverflow(UInt64(byte - 0x30))
                if overflows || passes { return nil }
                current = sum
            } else {
                guard byte == UInt8(ascii: " ") else { return nil }
                if let number = current { numbers.append(number) }
                current = nil
            }
        }
        if let number = current { numbers.append(number) }
        return numbers.count >= 12 ? numbers : nil
    }
}
