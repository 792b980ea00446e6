extension String {
    /// Whether these bytes are a part of the text's, which are compared byte by byte: for searches in the names of many objects.
    package func holds(_ part: [UInt8]) -> Bool {
        var rest = utf8[...]
        while rest.count >= part.count {
            if rest.starts(with: part) { return true }
            rest = rest.dropFirst()
        }
        return false
    }
}
