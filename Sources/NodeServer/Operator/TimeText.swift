/// Lengths of time as people write and read them.
package enum TimeText {
    /// Returns an age in kubectl's short form: `45s`, `12m`, `3h20m`, `5d`.
    package static func age(seconds: Int64) -> String {
        let seconds = max(0, seconds)
        let minutes = seconds / 60
        let hours = minutes / 60
        switch seconds {
        case ..<120: return "\(seconds)s"
        case ..<600: return seconds % 60 == 0 ? "\(minutes)m" : "\(minutes)m\(seconds % 60)s"
        case ..<10_800: return "\(minutes)m"
        case ..<28_800: return minutes % 60 == 0 ? "\(hours)h" : "\(hours)h\(minutes % 60)m"
        case ..<172_800: return "\(hours)h"
        default: return hours < 192 && hours % 24 != 0 ? "\(hours / 24)d\(hours % 24)h" : "\(hours / 24)d"
        }
    }

    /// Returns the seconds of a text like `90s`, `5m`, `1h30m`, `2d`; `nil` for any other text.
    package static func seconds(_ text: String) -> Int64? {
        var total: Int64 = 0
        var number: Int64?
        for character in text {
            if let digit = character.wholeNumberValue, character.isASCII {
                let (scaled, overflow) = (number ?? 0).multipliedReportingOverflow(by: 10)
                guard !overflow, scaled < 1 << 40 else { return nil }
                number = scaled + Int64(digit)
                continue
            }
            let unit: [Character: Int64] = ["s": 1, "m": 60, "h": 3600, "d": 86_400]
            guard let count = number, let factor = unit[character] else { return nil }
            total += count * factor
            number = nil
        }
        return number == nil && total > 0 ? total : nil
    }
}
