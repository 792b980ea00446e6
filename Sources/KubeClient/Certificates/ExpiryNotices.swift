package import KubeModel

/// Decides when a person must be told that a certificate ends: 30, 7 and 1 days before the end of one that nothing renews, and when any has ended.
package struct ExpiryNotices: Sendable {
    private static let days: [Int64] = [0, 1, 7, 30]

    package struct Notice: Sendable, Hashable {
        package let hasEnded: Bool
        package let text: String
    }

    /// The last threshold that was passed, by place and end.
    private var told: [String: Int64] = [:]

    package init() {}

    package mutating func due(_ reports: [CertificateReport], at now: Timestamp) -> [Notice] {
        var keys: Set<String> = []
        var notices: [Notice] = []
        for report in reports where report.isUsed {
            guard let info = report.info else { continue }
            let key = "\(report.place) \(info.subject) \(info.notAfter.seconds)"
            keys.insert(key)
            let left = info.notAfter.seconds - now.seconds
            guard let threshold = Self.days.first(where: { left <= $0 * 86_400 }), threshold == 0 || !report.isRenewed,
                told[key].map({ threshold < $0 }) ?? true
            else { continue }
            told[key] = threshold
            notices.append(Notice(hasEnded: threshold == 0, text: Self.text(report, info, left)))
        }
        told = told.filter { keys.contains($0.key) }
        return notices
    }

    private static func text(_ report: CertificateReport, _ info: CertificateInfo, _ left: Int64) -> String {
        let name = "The \(report.role) certificate in \(report.place)"
        if left <= 0 { return "\(name) has ended at \(info.notAfter.rfc3339())" }
        let days = (left + 86_399) / 86_400
        return "\(name) ends at \(info.notAfter.rfc3339()), in \(days == 1 ? "a day or less" : "\(days) days"); nothing renews it"
    }
}
