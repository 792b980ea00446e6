/// Counts the memory that a value keeps on the heap, by its stored properties, the sizes of their types, and how glibc rounds: the same in every run.
/// Memory that several parts share counts once.
struct HeapBytes {
    fileprivate(set) var total = 0
    private var seen: Set<UInt> = []

    static func of(_ values: Any...) -> Int {
        var count = HeapBytes()
        for value in values { count.add(value) }
        return count.total
    }

    fileprivate mutating func add(_ value: Any) {
        if let counted = value as? any HeapCounted { return counted.tally(in: &self) }
        for child in Mirror(reflecting: value).children { add(child.value) }
    }

    /// - Returns: it was not counted before.
    fileprivate mutating func allocation(_ address: UnsafeRawPointer?, _ size: Int) -> Bool {
        guard let address, seen.insert(UInt(bitPattern: address)).inserted else { return false }
        total += max(32, (size + 8 + 15) & ~15)
        return true
    }

    /// A hash table of Swift's has no address to ask for.
    fileprivate mutating func table(capacity: Int, entrySize: Int) {
        if capacity == 0 { return }
        var buckets = 2
        while buckets * 3 / 4 < capacity { buckets *= 2 }
        total += (64 + buckets / 8 + buckets * entrySize + 8 + 15) & ~15
    }
}

private protocol HeapCounted {
    func tally(in heap: inout HeapBytes)
}

extension HeapCounted where Self: RandomAccessCollection {
    /// An array: 32 bytes, and room for its elements.
    fileprivate func tally(_ address: UnsafeRawPointer?, _ capacity: Int, in heap: inout HeapBytes) {
        guard capacity > 0, heap.allocation(address, 32 + capacity * MemoryLayout<Element>.stride) else { return }
        if Element.self != UInt8.self, Element.self != Int32.self { for element in self { heap.add(element) } }
    }
}

extension Array: HeapCounted {
    fileprivate func tally(in heap: inout HeapBytes) { tally(withUnsafeBytes { $0.baseAddress }, capacity, in: &heap) }
}

extension ContiguousArray: HeapCounted {
    fileprivate func tally(in heap: inout HeapBytes) { tally(withUnsafeBytes { $0.baseAddress }, capacity, in: &heap) }
}

extension Dictionary: HeapCounted {
    fileprivate func tally(in heap: inout HeapBytes) {
        heap.table(capacity: capacity, entrySize: MemoryLayout<Key>.stride + MemoryLayout<Value>.stride)
        for (key, value) in self {
            heap.add(key)
            heap.add(value)
        }
    }
}

extension Set: HeapCounted {
    fileprivate func tally(in heap: inout HeapBytes) {
        heap.table(capacity: capacity, entrySize: MemoryLayout<Element>.stride)
        for element in self { heap.add(element) }
    }
}

extension String: HeapCounted {
    /// Up to 15 bytes lie in the value itself.
    fileprivate func tally(in heap: inout HeapBytes) {
        guard utf8.count > 15 else { return }
        utf8.withContiguousStorageIfAvailable { _ = heap.allocation($0.baseAddress.map { UnsafeRawPointer($0) }, 33 + utf8.count) }
    }
}
