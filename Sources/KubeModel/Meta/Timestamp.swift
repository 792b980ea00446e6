/// A point in time as Kubernetes writes it: `metav1.Time` (RFC 3339, UTC, whole seconds).
///
/// Sub-second digits survive in memory, so that durations can be computed, and are dropped when encoded.
package struct Timestamp: Sendable, Hashable, Comparable {
    /// Seconds since 1970-01-01T00:00:00Z.
    package var seconds: Int64
    /// 0 to 999,999,999.
    package var nanoseconds: Int32

    package init(seconds: Int64, nanoseconds: Int32 = 0) {
        self.seconds = seconds
        self.nanoseconds = nanoseconds
    }

    package static func < (lhs: Timestamp, rhs: Timestamp) -> Bool {
        (lhs.seconds, lhs.nanoseconds) < (rhs.seconds, rhs.nanoseconds)
    }

    /// The time between two points, in seconds; negative when `other` is later.
    package func timeInterval(since other: Timestamp) -> Double {
        Double(seconds - other.seconds) + Double(nanoseconds - other.nanoseconds) / 1e9
    }

    package func advanced(bySeconds delta: Int64) -> Timestamp {
        Timestamp(seconds: seconds + delta, nanoseconds: nanoseconds)
    }

    /// The same instant without its fraction: what a reader of the encoded form sees.
    package var wholeSeconds: Timestamp { Timestamp(seconds: seconds) }
}

extension Timestamp {
    /// Parses RFC 3339 with an optional fraction and a `Z` or numeric offset.
    package init?(rfc3339 text: String) {
        var scanner = DigitScanner(text)
        guard let year = scanner.number(digits: 4), scanner.take("-"), let month = scanner.number(digits: 2), scanner.take("-"),
            let day = scanner.number(digits: 2), scanner.take("T") || scanner.take("t") || scanner.take(" "),
            let hour = scanner.number(digits: 2), scanner.take(":"), let minute = scanner.number(digits: 2), scanner.take(":"),
            let second = scanner.number(digits: 2),
            (1...12).contains(month), (1...31).contains(day), hour < 24, minute < 60, second <= 60
        else { return nil }
        var nanoseconds: Int32 = 0
        if scanner.take(".") {
            guard let fraction = scanner.fraction() else { return nil }
            nanoseconds = fraction
        }
        var offset: Int64 = 0
        if !(scanner.take("Z") || scanner.take("z")) {
            let sign: Int64 = scanner.take("+") ? 1 : -1
            if sign < 0, !scanner.take("-") { return nil }
            guard let offsetHours = scanner.number(digits: 2), scanner.take(":"), let offsetMinutes = scanner.number(digits: 2),
                offsetHours < 24, offsetMinutes < 60
            else { return nil }
            offset = sign * Int64(offsetHours * 3600 + offsetMinutes * 60)
        }
        guard scanner.isAtEnd else { return nil }
        let days = CivilDate(year: year, month: month, day: day).daysSinceEpoch
        // A day that its month does not have would come back as one of the next month.
        guard CivilDate(daysSinceEpoch: days).day == day else { return nil }
        self.init(seconds: days * 86_400 + Int64(hour * 3600 + minute * 60 + second) - offset, nanoseconds: nanoseconds)
    }

    /// `2026-01-02T03:04:05Z`, with `fractionDigits` digits after the second when that is not 0.
    package func rfc3339(fractionDigits: Int = 0) -> String {
        let days = seconds >= 0 ? seconds / 86_400 : (seconds - 86_399) / 86_400
        let second = Int(seconds - days * 86_400)
        let date = CivilDate(daysSinceEpoch: days)
        var text = padded(date.year, 4) + "-" + padded(date.month, 2) + "-" + padded(date.day, 2)
        text += "T" + padded(second / 3600, 2) + ":" + padded(second / 60 % 60, 2) + ":" + padded(second % 60, 2)
        if fractionDigits > 0 {
            text += "." + padded(Int(nanoseconds), 9).prefix(fractionDigits)
        }
        return text + "Z"
    }
}

extension Timestamp: Codable {
    package init(from decoder: any Decoder) throws {
        let container = try decoder.singleValueContainer()
        let text = try container.decode(String.self)
        guard let time = Timestamp(rfc3339: text) else {
            throw DecodingError.dataCorruptedError(in: container, debugDescription: "'\(text)' is not an RFC 3339 time")
        }
        self = time
    }

    package func encode(to encoder: any Encoder) throws {
        var container = encoder.singleValueContainer()
        try container.encode(rfc3339())
    }
}

private func padded(_ value: Int, _ width: Int) -> String {
    let digits = String(value)
    return digits.count >= width ? digits : String(repeating: "0", count: width - digits.count) + digits
}
