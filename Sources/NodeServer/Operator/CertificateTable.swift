package import KubeModel

/// The node's certificates as `swiftlet certs` prints them.
package enum CertificateTable {
    package struct Row: Sendable, Hashable, Encodable {
        package let role: String
        package let subject: String
        package let issuer: String
        package let until: Timestamp?
        package let daysLeft: Int?
        package let file: String
        /// `ok`, `unused`, `not valid yet`, `ENDED`, or why it cannot be read.
        package let state: String

        package init(role: String, subject: String, issuer: String, until: Timestamp?, daysLeft: Int?, file: String, state: String) {
            self.role = role
            self.subject = subject
            self.issuer = issuer
            self.until = until
            self.daysLeft = daysLeft
            self.file = file
            self.state = state
        }
    }

    package static func text(_ rows: [Row]) -> String {
        var table = TextTable("CERTIFICATE", "SUBJECT", "ISSUER", "UNTIL", "DAYS", "STATE", "FILE")
        for row in rows {
            table.add(
                row.role, row.subject.isEmpty ? "-" : row.subject, row.issuer.isEmpty ? "-" : row.issuer, row.until?.rfc3339() ?? "-",
                row.daysLeft.map { "\($0)" } ?? "-", row.state, row.file)
        }
        return table.text
    }
}
