/// A story that cannot be read or told, with its file and line where they are known.
struct StoryError: Error, CustomStringConvertible {
    let description: String

    init(_ description: String) {
        self.description = description
    }
}
