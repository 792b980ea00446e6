import Glibc
import LinuxSystem

/// Measures the runtime beside crun on the same files, and prints a table.
@main
enum RuntimeBench {
    static func main() async {
        do {
            let options = try BenchOptions(Array(CommandLine.arguments.dropFirst()))
            guard geteuid() == 0 else { throw BenchOptions.Problem(description: "this needs root: it makes namespaces, cgroups and mounts") }
            try await run(options)
        } catch {
            say("bench-runtime: \(error)")
            exit(1)
        }
    }

    /// To stderr: the table alone is what comes out.
    static func say(_ text: String) {
        let line = Array((text + "\n").utf8)
        _ = write(STDERR_FILENO, line, line.count)
    }

    private static func run(_ options: BenchOptions) async throws {
        let load = try SmallFile.line("/proc/loadavg")
        let world = try BenchWorld(options)
        let result: Result<String, any Error>
        do {
            result = .success(try await measure(options, world, load))
        } catch {
            result = .failure(error)
        }
        try await world.close()
        print(try result.get())
    }

    private static func measure(_ options: BenchOptions, _ world: BenchWorld, _ load: String) async throws -> String {
        let crun = try await CrunPeer(options, world)
        let starts = StartRows(options: options, world: world, crun: crun)
        let loads = LoadRows(options: options, world: world, starts: starts)
        var table = BenchTable()
        for part in BenchOptions.Part.allCases where options.parts.contains(part) {
            say("measuring: \(part.rawValue)")
            switch part {
            case .container: try await starts.containers(&table)
            case .pod: try await starts.pods(&table)
            case .exec: try await starts.execs(&table)
            case .memory: try await loads.memory(&table)
            case .churn: try await loads.churn(&table)
            case .leaks: try await loads.leaks(&table)
            case .log: try await loads.log(&table)
            case .stream: try await loads.stream(&table)
            }
        }
        let kernel = try SmallFile.line("/proc/sys/kernel/osrelease")
        let heading =
            "kernel \(kernel), \(sysconf(Int32(_SC_NPROCESSORS_ONLN))) processors, load at the start \(load), peer: \(crun.version) without seccomp; "
            + "medians of \(options.runs), taken in turn"
        return heading + "\n\n" + table.text()
    }
}
