/// Reads one JSON document (RFC 8259) straight from bytes.
package struct JSONParser {
    /// Deeper documents are refused: the parser recurses.
    package static let deepest = 200

    private let bytes: UnsafeBufferPointer<UInt8>
    private var position = 0
    private var depth = 0

    private init(_ bytes: UnsafeBufferPointer<UInt8>) { self.bytes = bytes }

    /// Parses a whole document; nothing but white space may follow it. Throws ``JSONError``.
    package static func parse(_ source: some Sequence<UInt8>) throws -> JSONValue {
        if let result = try source.withContiguousStorageIfAvailable({ try parse(buffer: $0) }) { return result }
        return try Array(source).withUnsafeBufferPointer { try parse(buffer: $0) }
    }

    package static func parse(_ text: String) throws -> JSONValue { try parse(text.utf8) }

    private static func parse(buffer: UnsafeBufferPointer<UInt8>) throws -> JSONValue {
        var parser = JSONParser(buffer)
        let value = try parser.value()
        parser.skipSpace()
        guard parser.position == buffer.count else { throw parser.error(.trailingBytes, "text after the end of the document") }
        return value
    }

    private func error(_ code: JSONError.Code, _ reason: String) -> JSONError { JSONError(code: code, offset: position, reason: reason) }

    private mutating func skipSpace() {
        while position < bytes.count {
            switch bytes[position] {
            case 0x20, 0x09, 0x0A, 0x0D: position += 1
            default: return
            }
        }
    }

    private func peek() throws -> UInt8 {
        guard position < bytes.count else { throw error(.unexpectedEnd, "the document ends too early") }
        return bytes[position]
    }

    private mutating func value() throws -> JSONValue {
        skipSpace()
        switch try peek() {
        case UInt8(ascii: "{"): return try nested { try $0.members() }
        case UInt8(ascii: "["): return try nested { try $0.elements() }
        case UInt8(ascii: "\""): return .string(try string())
        case UInt8(ascii: "t"): return try literal("true", .bool(true))
        case UInt8(ascii: "f"): return try literal("false", .bool(false))
        case UInt8(ascii: "n"): return try literal("null", .null)
        case UInt8(ascii: "-"), UInt8(ascii: "0")...UInt8(ascii: "9"): return try number()
        default: throw error(.unexpectedCharacter, "found \(shown()) where a value was expected")
        }
    }

    private func shown() -> String {
        guard position < bytes.count else { return "the end" }
        let byte = bytes[position]
        return byte > 0x20 && byte < 0x7F ? "'\(Character(UnicodeScalar(byte)))'" : "byte \(byte)"
    }

    private mutating func nested(_ body: (inout JSONParser) throws -> JSONValue) throws -> JSONValue {
        guard depth < Self.deepest else { throw error(.tooDeep, "nested deeper than \(Self.deepest) levels") }
        depth += 1
        position += 1
        defer { depth -= 1 }
        return try body(&self)
    }

    private mutating func members() throws -> JSONValue {
        var members: [String: JSONValue] = [:]
        skipSpace()
        if try peek() == UInt8(ascii: "}") {
            position += 1
            return .object(members)
        }
        while true {
            skipSpace()
            guard try peek() == UInt8(ascii: "\"") else { throw error(.unexpectedCharacter, "found \(shown()) where a member name was expected") }
            let key = try string()
            skipSpace()
            guard try peek() == UInt8(ascii: ":") else { throw error(.unexpectedCharacter, "found \(shown()) where ':' was expected") }
            position += 1
            members[key] = try value()
            if try ends(with: UInt8(ascii: "}")) { return .object(members) }
        }
    }

    private mutating func elements() throws -> JSONValue {
        var elements: [JSONValue] = []
        skipSpace()
        if try peek() == UInt8(ascii: "]") {
            position += 1
            return .array(elements)
        }
        while true {
            elements.append(try value())
            if try ends(with: UInt8(ascii: "]")) { return .array(elements) }
        }
    }

    /// Steps over a comma or the closing bracket; true for the bracket.
    private mutating func ends(with bracket: UInt8) throws -> Bool {
        skipSpace()
        let byte = try peek()
        guard byte == UInt8(ascii: ",") || byte == bracket else {
            throw error(.unexpectedCharacter, "found \(shown()) where ',' or '\(Character(UnicodeScalar(bracket)))' was expected")
        }
        position += 1
        return byte == bracket
    }

    private mutating func literal(_ text: StaticString, _ value: JSONValue) throws -> JSONValue {
        let length = text.utf8CodeUnitCount
        guard bytes.count - position >= length, (0..<length).allSatisfy({ bytes[position + $0] == text.utf8Start[$0] }) else {
            throw error(.unexpectedCharacter, "a value that starts like \(text) must be \(text)")
        }
        position += length
        return value
    }

    private mutating func digits() -> Int {
        let start = position
        while position < bytes.count, bytes[position] >= 0x30, bytes[position] <= 0x39 { position += 1 }
        return position - start
    }

    private mutating func number() throws -> JSONValue {
        let start = position
        var whole = true
        if bytes[position] == UInt8(ascii: "-") { position += 1 }
        let leading = position
        guard digits() > 0 else { throw error(.badNumber, "a number needs a digit") }
        guard position - leading == 1 || bytes[leading] != 0x30 else { throw error(.badNumber, "a number must not start with 0") }
        if position < bytes.count, bytes[position] == UInt8(ascii: ".") {
            whole = false
            position += 1
            guard digits() > 0 else { throw error(.badNumber, "a fraction needs a digit") }
        }
        if position < bytes.count, bytes[position] | 0x20 == UInt8(ascii: "e") {
            whole = false
            position += 1
            if position < bytes.count, bytes[position] == UInt8(ascii: "+") || bytes[position] == UInt8(ascii: "-") { position += 1 }
            guard digits() > 0 else { throw error(.badNumber, "an exponent needs a digit") }
        }
        let text = String(decoding: bytes[start..<position], as: UTF8.self)
        if whole, let integer = Int64(text) { return .integer(integer) }
        guard let double = Double(text), double.isFinite else { throw error(.badNumber, "\(text) is out of range") }
        return .double(double)
    }

    private mutating func string() throws -> String {
        position += 1
        let start = position
        while position < bytes.count {
            let byte = bytes[position]
            if byte == UInt8(ascii: "\"") {
                defer { position += 1 }
                return try text(bytes[start..<position])
            }
            if byte == UInt8(ascii: "\\") { return try escapedString(from: start) }
            guard byte >= 0x20 else { throw error(.badString, "a string must not contain byte \(byte)") }
            position += 1
        }
        throw error(.unexpectedEnd, "a string has no end")
    }

    private func text(_ slice: some Collection<UInt8>) throws -> String {
        guard let text = String(validating: slice, as: UTF8.self) else { throw error(.badString, "a string is not UTF-8") }
        return text
    }

    private mutating func escapedString(from start: Int) throws -> String {
        var decoded = Array(bytes[start..<position])
        while position < bytes.count {
            let byte = bytes[position]
            position += 1
            switch byte {
            case UInt8(ascii: "\""): return try text(decoded)
            case UInt8(ascii: "\\"): try escape(into: &decoded)
            case 0..<0x20: throw error(.badString, "a string must not contain byte \(byte)")
            default: decoded.append(byte)
            }
        }
        throw error(.unexpectedEnd, "a string has no end")
    }

    private mutating func escape(into decoded: inout [UInt8]) throws {
        let byte = try peek()
        position += 1
        switch byte {
        case UInt8(ascii: "\""), UInt8(ascii: "\\"), UInt8(ascii: "/"): decoded.append(byte)
        case UInt8(ascii: "b"): decoded.append(0x08)
        case UInt8(ascii: "f"): decoded.append(0x0C)
        case UInt8(ascii: "n"): decoded.append(0x0A)
        case UInt8(ascii: "r"): decoded.append(0x0D)
        case UInt8(ascii: "t"): decoded.append(0x09)
        case UInt8(ascii: "u"):
            var unit = try hex4()
            // A half of a pair that stands alone becomes the replacement character, as Go reads it.
            if unit & 0xFC00 == 0xD800, bytes.count - position >= 6, bytes[position] == UInt8(ascii: "\\"), bytes[position + 1] == UInt8(ascii: "u") {
                let back = position
                position += 2
                let low = try hex4()
                if low & 0xFC00 == 0xDC00 {
                    unit = 0x10000 + (unit & 0x3FF) << 10 + (low & 0x3FF)
                } else {
                    position = back
                }
            }
            decoded.append(contentsOf: Array(String(UnicodeScalar(unit) ?? "\u{FFFD}").utf8))
        default:
            position -= 1
            throw error(.badString, "\\\(shown()) is no escape")
        }
    }

    private mutating func hex4() throws -> UInt32 {
        guard bytes.count - position >= 4 else { throw error(.unexpectedEnd, "\\u needs four hexadecimal digits") }
        var unit: UInt32 = 0
        for _ in 0..<4 {
            guard let digit = Character(UnicodeScalar(bytes[position])).hexDigitValue else {
                throw error(.badString, "\\u needs four hexadecimal digits, found \(shown())")
            }
            unit = unit << 4 | UInt32(digit)
            position += 1
        }
        return unit
    }
}
