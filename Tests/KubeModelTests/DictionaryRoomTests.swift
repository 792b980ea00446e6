import KubeModel
import Testing

@Suite("Dictionaries that give room back")
struct DictionaryRoomTests {
    @Test("a dictionary that loses most of its entries loses their storage too, and keeps the others")
    func storageGoes() {
        var dictionary = Dictionary(uniqueKeysWithValues: (0..<1000).map { ($0, "\($0)") })
        for key in 0..<990 { #expect(dictionary.removeWithRoom(key) == "\(key)") }
        #expect(dictionary == Dictionary(uniqueKeysWithValues: (990..<1000).map { ($0, "\($0)") }))
        #expect(dictionary.capacity < 200)
    }

    @Test("the removal of an absent key changes nothing")
    func absentKey() {
        var dictionary = ["a": 1]
        #expect(dictionary.removeWithRoom("b") == nil)
        #expect(dictionary == ["a": 1])
    }
}
