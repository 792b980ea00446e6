import CYAML

/// A step of a text's structure, in the order of the text.
enum YAMLEvent {
    case alias(String, line: Int)
    case scalar(String, isPlain: Bool, anchor: String?, line: Int)
    case sequenceStart(anchor: String?, line: Int)
    case sequenceEnd
    case mappingStart(anchor: String?, line: Int)
    case mappingEnd
    case documentStart
    case documentEnd
    case streamEnd
    /// A step without content, such as the start of the stream.
    case other

    init(_ event: yaml_event_t) {
        let line = event.start_mark.line + 1
        switch event.type {
        case YAML_ALIAS_EVENT: self = .alias(Self.text(event.data.alias.anchor) ?? "", line: line)
        case YAML_SCALAR_EVENT:
            let scalar = event.data.scalar
            let text = String(decoding: UnsafeBufferPointer(start: scalar.value, count: scalar.length), as: UTF8.self)
            self = .scalar(text, isPlain: scalar.style == YAML_PLAIN_SCALAR_STYLE, anchor: Self.text(scalar.anchor), line: line)
        case YAML_SEQUENCE_START_EVENT: self = .sequenceStart(anchor: Self.text(event.data.sequence_start.anchor), line: line)
        case YAML_SEQUENCE_END_EVENT: self = .sequenceEnd
        case YAML_MAPPING_START_EVENT: self = .mappingStart(anchor: Self.text(event.data.mapping_start.anchor), line: line)
        case YAML_MAPPING_END_EVENT: self = .mappingEnd
        case YAML_DOCUMENT_START_EVENT: self = .documentStart
        case YAML_DOCUMENT_END_EVENT: self = .documentEnd
        case YAML_STREAM_END_EVENT: self = .streamEnd
        default: self = .other
        }
    }

    private static func text(_ bytes: UnsafeMutablePointer<yaml_char_t>?) -> String? { bytes.map { String(cString: $0) } }
}
