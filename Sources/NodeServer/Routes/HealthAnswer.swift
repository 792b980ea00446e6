import HTTPTypes
package import PodCore

/// `/healthz` in the text form that Kubernetes' components share.
package enum HealthAnswer {
    /// All checks: `ok`, or the list of them with 500 when one fails. `?verbose` lists them in any case, `?exclude=` leaves some out.
    package static func all(_ checks: [HealthCheck], target: RequestTarget) -> HTTPAnswer {
        let excluded = Set(target.values("exclude"))
        let checks = withPing(checks)
        let counted = checks.filter { !excluded.contains($0.name) }
        let isHealthy = counted.allSatisfy { $0.problem == nil }
        if isHealthy, target.value("verbose") == nil { return .text(.ok, "ok") }

        var text = ""
        for check in checks {
            if excluded.contains(check.name) {
                text += "[+]\(check.name) excluded: ok\n"
            } else if let problem = check.problem {
                text += "[-]\(check.name) failed: \(problem)\n"
            } else {
                text += "[+]\(check.name) ok\n"
            }
        }
        let unknown = excluded.subtracting(checks.map(\.name)).sorted()
        if !unknown.isEmpty {
            text += "warn: some health checks cannot be excluded: no matches for \(unknown.joined(separator: ", "))\n"
        }
        return .text(isHealthy ? .ok : .internalServerError, text + "healthz check \(isHealthy ? "passed" : "failed")\n")
    }

    /// One check by its name.
    package static func one(_ name: String, of checks: [HealthCheck]) -> HTTPAnswer {
        let checks = withPing(checks)
        guard let check = checks.first(where: { $0.name == name }) else {
            return .text(.notFound, "no health check \"\(name)\"; there are \(checks.map(\.name).joined(separator: ", "))\n")
        }
        guard let problem = check.problem else { return .text(.ok, "ok") }
        return .text(.internalServerError, "internal server error: \(problem)\n")
    }

    /// That this is answered at all is the first check.
    private static func withPing(_ checks: [HealthCheck]) -> [HealthCheck] {
        checks.contains { $0.name == "ping" } ? checks : [HealthCheck(name: "ping", problem: nil)] + checks
    }
}
