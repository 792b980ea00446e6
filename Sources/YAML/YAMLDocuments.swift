/// Reads YAML text; JSON is YAML.
package enum YAMLDocuments {
    /// Returns the documents of the text in its order; none if the text is empty.
    package static func read(_ text: String) throws(YAMLError) -> [YAMLNode] {
        let events = try YAMLEvents(text)
        var documents: [YAMLNode] = []
        while true {
            switch try events.next() {
            case .documentStart:
                var composer = YAMLComposer(events)
                documents.append(try composer.node(try events.next()))
            case .streamEnd: return documents
            default: continue
            }
        }
    }

    /// Returns the only document of the text; `nil` if the text is empty.
    package static func readOne(_ text: String) throws(YAMLError) -> YAMLNode? {
        let documents = try read(text)
        guard documents.count < 2 else {
            throw YAMLError(code: .syntax, line: documents[1].line, problem: "expected a single document, but found another document")
        }
        return documents.first
    }
}
