import FoundationEssentials
import TestSupport
import Testing

@testable import KubeModel

@Suite("Timestamps")
struct TimestampTests {
    @Test(
        "RFC 3339 times are read",
        arguments: [
            ("1970-01-01T00:00:00Z", 0, 0), ("1969-12-31T23:59:59Z", -1, 0), ("2000-02-29T12:00:00Z", 951_825_600, 0),
            ("2026-01-02T03:04:05Z", 1_767_323_045, 0), ("2026-01-02T03:04:05.25Z", 1_767_323_045, 250_000_000),
            ("2026-01-02T03:04:05.123456789Z", 1_767_323_045, 123_456_789), ("2026-01-02T03:04:05.1234567899Z", 1_767_323_045, 123_456_789),
            ("2026-01-02T05:34:05+02:30", 1_767_323_045, 0), ("2026-01-01T22:04:05-05:00", 1_767_323_045, 0),
            ("2026-01-02t03:04:05z", 1_767_323_045, 0),
            ("2038-01-19T03:14:08Z", 2_147_483_648, 0), ("0001-01-01T00:00:00Z", -62_135_596_800, 0), ("9999-12-31T23:59:59Z", 253_402_300_799, 0),
        ])
    func reads(text: String, seconds: Int64, nanoseconds: Int32) {
        #expect(Timestamp(rfc3339: text) == Timestamp(seconds: seconds, nanoseconds: nanoseconds))
    }

    @Test(
        "text that is not a time is refused",
        arguments: [
            "", "now", "2026-01-02", "2026-01-02T03:04:05", "2026-01-02T03:04Z", "2026-13-01T00:00:00Z", "2026-00-01T00:00:00Z",
            "2026-01-00T00:00:00Z",
            "2026-01-32T00:00:00Z", "2026-02-29T00:00:00Z", "2026-02-30T00:00:00Z", "1900-02-29T00:00:00Z", "2026-04-31T00:00:00Z",
            "2026-01-02T24:00:00Z", "2026-01-02T03:60:05Z", "2026-01-02T03:04:61Z", "2026-01-02T03:04:05.Z", "2026-01-02T03:04:05Zx",
            "2026-01-02T03:04:05+2", "2026-01-02T03:04:05+24:00", "2026-01-02T03:04:05+01:60", "2026-01-02T03:04:05 01:00", "26-01-02T03:04:05Z",
            "2026-1-2T03:04:05Z", "٢٠٢٦-01-02T03:04:05Z", "-026-01-02T03:04:05Z",
        ])
    func refuses(text: String) {
        #expect(Timestamp(rfc3339: text) == nil)
    }

    /// Every year from 1 to 9999 is reached; the generator's start is fixed, so that a failure comes again.
    @Test("a timestamp's text reads back as the same timestamp") func comesBackAsItWas() throws {
        var generator = SeededGenerator(seed: 42)
        for _ in 0..<5000 {
            let time = Timestamp(
                seconds: Int64.random(in: -62_135_596_800...253_402_300_799, using: &generator),
                nanoseconds: Int32.random(in: 0...999_999_999, using: &generator))
            try #require(Timestamp(rfc3339: time.rfc3339(fractionDigits: 9)) == time)
            try #require(Timestamp(rfc3339: time.rfc3339()) == time.wholeSeconds)
        }
    }

    /// A calendar that counts on its fingers: one day after the other, with the rule for leap years as it is taught.
    @Test("the calendar counts every day") func theCalendarCountsEveryDay() {
        let lengths = [31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31]
        var day = CivilDate(year: 1600, month: 1, day: 1).daysSinceEpoch
        #expect(day == -135_140)
        for year in 1600...2400 {
            let isLeap = year % 4 == 0 && (year % 100 != 0 || year % 400 == 0)
            for month in 1...12 {
                for dayOfMonth in 1...(lengths[month - 1] + (month == 2 && isLeap ? 1 : 0)) {
                    let date = CivilDate(daysSinceEpoch: day)
                    guard (date.year, date.month, date.day) == (year, month, dayOfMonth),
                        CivilDate(year: year, month: month, day: dayOfMonth).daysSinceEpoch == day
                    else {
                        Issue.record("day \(day) is \(year)-\(month)-\(dayOfMonth), not \(date)")
                        return
                    }
                    day += 1
                }
            }
        }
    }

    @Test("timestamps are ordered and subtracted") func isOrderedAndSubtracted() throws {
        let early = Timestamp(seconds: 10, nanoseconds: 500_000_000)
        let late = Timestamp(seconds: 12, nanoseconds: 250_000_000)
        #expect(early < late)
        #expect(Timestamp(seconds: 10) < early)
        #expect(late.timeInterval(since: early) == 1.75)
        #expect(early.timeInterval(since: late) == -1.75)
        #expect(early.advanced(bySeconds: 2) == Timestamp(seconds: 12, nanoseconds: 500_000_000))
    }

    @Test("times cross the wire in whole seconds or in microseconds") func crossesTheWireInWholeSecondsOrInMicroseconds() throws {
        let time = Timestamp(seconds: 1_767_323_045, nanoseconds: 123_456_789)
        func text(_ value: some Encodable) throws -> String { String(decoding: try JSONEncoder().encode(value), as: UTF8.self) }
        #expect(try text([time]) == #"["2026-01-02T03:04:05Z"]"#)
        #expect(try text([MicroTime(time)]) == #"["2026-01-02T03:04:05.123456Z"]"#)
        let micro = try JSONDecoder().decode([MicroTime].self, from: Data(#"["2026-01-02T03:04:05.123456Z"]"#.utf8))
        #expect(micro.map(\.timestamp) == [Timestamp(seconds: 1_767_323_045, nanoseconds: 123_456_000)])
        #expect(throws: DecodingError.self) { try JSONDecoder().decode([Timestamp].self, from: Data(#"["yesterday"]"#.utf8)) }
    }
}
