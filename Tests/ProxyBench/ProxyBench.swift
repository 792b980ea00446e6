import Glibc
import LinuxSystem

/// The parts of `make bench-proxy` that run inside a network namespace. Tests/bench/proxy.py starts each as a process of its own and makes the table;
/// results are JSON objects on stdout.
@main
enum ProxyBench {
    struct Problem: Error, CustomStringConvertible {
        let description: String
    }

    static func main() async {
        do {
            try await run(Array(CommandLine.arguments.dropFirst()))
        } catch {
            let line = Array("ProxyBench: \(error)\n".utf8)
            _ = write(STDERR_FILENO, line, line.count)
            exit(1)
        }
    }

    private static func run(_ words: [String]) async throws {
        switch words.first {
        case "write" where words.count == 3:
            try BenchServices(count: number(words[1])).write(to: words[2])
        case "sync" where words.count == 4:
            try await ServiceSync(count: number(words[1]), folder: words[2]).run(changes: number(words[3], atLeast: 0))
        case "memory" where words.count == 3:
            try ServiceSync(count: number(words[1]), folder: words[2]).reportMemory()
        case "serve" where words.count == 2:
            try Connections.serve(port: UInt16(number(words[1])))
        case "connect" where words.count == 4:
            try Connections.connect(to: words[1], port: UInt16(number(words[2])), count: number(words[3]))
        default:
            throw Problem(
                description:
                    "wanted `write COUNT FOLDER`, `sync COUNT FOLDER CHANGES`, `memory COUNT FOLDER`, `serve PORT` or `connect ADDRESS PORT COUNT`")
        }
    }

    private static func number(_ text: String, atLeast least: Int = 1) throws -> Int {
        guard let number = Int(text), number >= least else { throw Problem(description: "found \(text), wanted a number of at least \(least)") }
        return number
    }

    /// `{"name": 1.5, ...}`
    static func report(_ figures: KeyValuePairs<String, Double>) {
        print("{" + figures.map { "\"\($0.key)\": \($0.value)" }.joined(separator: ", ") + "}")
    }

    static func milliseconds(since start: Int64) -> Double { Double(KernelClock.monotonic - start) / 1e6 }

    /// A quantile of sorted values.
    static func quantile(_ share: Double, _ sorted: [Double]) -> Double { sorted.isEmpty ? 0 : sorted[Int(share * Double(sorted.count - 1))] }
}
