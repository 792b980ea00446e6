import PodCore
import Testing

@testable import NodeStore

@Suite("Record file") struct RecordFileTests {
    private let file = RecordFile(name: RecordName(.secret, "default", "a b/c"), content: Array(#"{"data":{"key":"djE="}}"#.utf8))

    @Test("a record is read as it was written") func roundTrip() throws {
        #expect(try RecordFile(file.bytes) == file)
        let empty = RecordFile(name: RecordName(.pod, "u1"), content: [])
        #expect(try RecordFile(empty.bytes) == empty)
    }

    @Test("a record that ends at any byte before its end is not read") func torn() {
        for length in 0..<file.bytes.count {
            #expect(throws: RecordDamage.self, "\(length) bytes") { try RecordFile(Array(file.bytes.prefix(length))) }
        }
        #expect(throws: RecordDamage.length(found: file.content.count + 1, wanted: file.content.count)) { try RecordFile(file.bytes + [0]) }
    }

    @Test("a record with a wrong bit in any byte is not read") func flipped() {
        for index in file.bytes.indices {
            var bytes = file.bytes
            bytes[index] ^= 1
            #expect(throws: RecordDamage.self, "byte \(index)") { try RecordFile(bytes) }
        }
    }

    @Test("a record of another version is told from a damaged one") func version() {
        func read(_ version: String) throws {
            let text = String(decoding: file.bytes, as: UTF8.self).replacing("swiftlet-record 1", with: "swiftlet-record \(version)")
            _ = try RecordFile(Array(text.utf8))
        }
        #expect(throws: RecordDamage.newer(found: 2)) { try read("2") }
        #expect(throws: RecordDamage.newer(found: 10)) { try read("10") }
        for version in ["0", "01", "-1", "+2", "x", ""] { #expect(throws: RecordDamage.version(found: version)) { try read(version) } }
    }
}
