import CYAML

/// The events of one text, by libyaml's parser.
final class YAMLEvents {
    // The parser holds pointers to itself and to the text, so neither may move.
    private let parser: UnsafeMutablePointer<yaml_parser_t>
    private let text: UnsafeMutableBufferPointer<UInt8>

    init(_ text: String) throws(YAMLError) {
        parser = .allocate(capacity: 1)
        parser.initialize(to: yaml_parser_t())
        self.text = .allocate(capacity: text.utf8.count)
        _ = self.text.initialize(from: text.utf8)
        guard yaml_parser_initialize(parser) == 1 else { throw YAMLError(code: .syntax, line: 1, problem: "out of memory") }
        yaml_parser_set_encoding(parser, YAML_UTF8_ENCODING)
        yaml_parser_set_input_string(parser, self.text.baseAddress, self.text.count)
    }

    deinit {
        yaml_parser_delete(parser)
        parser.deallocate()
        text.deallocate()
    }

    func next() throws(YAMLError) -> YAMLEvent {
        var event = yaml_event_t()
        guard yaml_parser_parse(parser, &event) == 1 else { throw failure }
        defer { yaml_event_delete(&event) }
        return YAMLEvent(event)
    }

    private var failure: YAMLError {
        let problem = parser.pointee.problem.map { String(cString: $0) } ?? "out of memory"
        // A byte that is not a character of YAML is reported with its offset, anything else with its line.
        let isUnreadable = parser.pointee.error == YAML_READER_ERROR
        let line = isUnreadable ? text.prefix(parser.pointee.problem_offset).count { $0 == UInt8(ascii: "\n") } : parser.pointee.problem_mark.line
        return YAMLError(code: .syntax, line: line + 1, problem: problem)
    }
}
