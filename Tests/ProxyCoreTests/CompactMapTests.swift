import TestSupport
import Testing

@testable import ProxyCore

@Suite struct CompactMapTests {
    /// Many keys have the same hash, so that they are in each other's way.
    private struct Key: Hashable {
        let number: Int

        func hash(into hasher: inout Hasher) { hasher.combine(number % 7) }
    }

    @Test("it holds what a dictionary holds, whatever comes and goes", arguments: 0..<4) func alike(seed: Int) {
        var random = SeededGenerator(seed: UInt64(seed))
        var map = CompactMap<Key, Int>()
        var model: [Key: Int] = [:]
        var places: [Key: Int32] = [:]
        for step in 0..<3000 {
            let key = Key(number: Int.random(in: 0..<60, using: &random))
            if Int.random(in: 0..<(step / 500 % 2 == 0 ? 4 : 2), using: &random) > 0 {
                let place = map.set(step, for: key)
                if let known = places[key] { #expect(known == place, "an entry stays at its place") }
                (model[key], places[key]) = (step, place)
            } else {
                map[key] = nil
                (model[key], places[key]) = (nil, nil)
            }
            #expect(map.count == model.count && Set(map.keys) == Set(model.keys))
            #expect(map.elements.map(\.value).sorted() == model.values.sorted())
        }
        for number in 0..<60 { #expect(map[Key(number: number)] == model[Key(number: number)]) }
        for (key, place) in places { #expect(map.place(of: key) == place && map[place: place] == model[key]) }
    }

    @Test("a value is changed at its place") func places() {
        var map = CompactMap<Key, [Int]>()
        let place = map.set([1], for: Key(number: 1))
        map[place: place]?.append(2)
        #expect(map[Key(number: 1)] == [1, 2] && map[place: place + 1] == nil)
        map[Key(number: 1)] = nil
        #expect(map[place: place] == nil && map.count == 0)
    }
}
