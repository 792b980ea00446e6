/// Makes the nodes of one document from its events.
struct YAMLComposer {
    /// Values of a document, counting those that aliases repeat: a few lines of aliases of aliases would otherwise stand for billions.
    static let valueLimit = 1_000_000
    /// Mappings and sequences within each other.
    static let depthLimit = 200

    private struct Anchor {
        let node: YAMLNode
        let values: Int
    }

    private let events: YAMLEvents
    private var anchors: [String: Anchor] = [:]
    private var values = 0
    private var depth = 0

    init(_ events: YAMLEvents) {
        self.events = events
    }

    /// Returns the node that begins with this event.
    mutating func node(_ first: YAMLEvent) throws(YAMLError) -> YAMLNode {
        let before = values
        switch first {
        case .alias(let name, let line):
            guard let anchor = anchors[name] else { throw YAMLError(code: .syntax, line: line, problem: "found undefined alias") }
            try count(anchor.values, line)
            return anchor.node
        case .scalar(let text, let isPlain, let anchor, let line):
            try count(1, line)
            return keep(.scalar(text, isPlain: isPlain, line: line), anchor, since: before)
        case .sequenceStart(let anchor, let line):
            try enter(line)
            let node = YAMLNode.sequence(try elements(), line: line)
            depth -= 1
            return keep(node, anchor, since: before)
        case .mappingStart(let anchor, let line):
            try enter(line)
            let node = YAMLNode.mapping(try members(), line: line)
            depth -= 1
            return keep(node, anchor, since: before)
        default: throw YAMLError(code: .syntax, line: 1, problem: "found no value")
        }
    }

    private mutating func elements() throws(YAMLError) -> [YAMLNode] {
        var elements: [YAMLNode] = []
        while true {
            let event = try events.next()
            if case .sequenceEnd = event { return elements }
            elements.append(try node(event))
        }
    }

    private mutating func members() throws(YAMLError) -> [(key: YAMLNode, value: YAMLNode)] {
        var members: [(key: YAMLNode, value: YAMLNode)] = []
        var lines: [String: Int] = [:]
        while true {
            let event = try events.next()
            if case .mappingEnd = event { return members }
            let key = try node(event)
            if let text = key.text, let line = lines.updateValue(key.line, forKey: text) {
                throw YAMLError(code: .duplicateKey, line: line, problem: text)
            }
            members.append((key, try node(try events.next())))
        }
    }

    private mutating func keep(_ node: YAMLNode, _ anchor: String?, since before: Int) -> YAMLNode {
        if let anchor { anchors[anchor] = Anchor(node: node, values: values - before) }
        return node
    }

    private mutating func enter(_ line: Int) throws(YAMLError) {
        try count(1, line)
        depth += 1
        guard depth <= Self.depthLimit else {
            throw YAMLError(code: .syntax, line: line, problem: "found more than \(Self.depthLimit) mappings and lists within each other")
        }
    }

    private mutating func count(_ more: Int, _ line: Int) throws(YAMLError) {
        values += more
        guard values <= Self.valueLimit else {
            throw YAMLError(code: .syntax, line: line, problem: "found more than \(Self.valueLimit) values, those of aliases included")
        }
    }
}
