/// The interface of the node's default route, from `/proc/net/route`.
enum DefaultRoute {
    /// Returns the interface of the IPv4 default route with the least metric; `nil` without a default route.
    static func interface(_ text: String) -> String? {
        var best: (name: String, metric: Int)?
        for line in text.split(separator: "\n").dropFirst() {
            let fields = line.split(whereSeparator: { $0 == "\t" || $0 == " " })
            guard fields.count > 7, fields[1] == "00000000", fields[7] == "00000000", let metric = Int(fields[6]) else { continue }
            if best.map({ metric < $0.metric }) ?? true { best = (String(fields[0]), metric) }
        }
        return best?.name
    }
}
