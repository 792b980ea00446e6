import ArgumentParser

/// The form of a command's result besides text for people.
enum OutputFormat: String, ExpressibleByArgument, CaseIterable {
    case json
}
