import KubeModel
package import PodCore

extension SeccompProfile {
    /// A profile in the OCI runtime specification's format or in the format of Docker's default profile. What is not understood is
    /// refused: a rule that is silently dropped may be the one that mattered.
    package init(json bytes: [UInt8], path: String) throws(RuntimeFailure) {
        let document: JSONValue
        do {
            document = try JSONParser.parse(bytes)
        } catch {
            throw RuntimeFailure(.create, "seccomp profile \(path): \(error)")
        }
        self = try SeccompProfileReader(path: path).profile(document)
    }
}

/// Reads one profile; every complaint names the file and the place in it.
private struct SeccompProfileReader {
    let path: String

    func profile(_ document: JSONValue) throws(RuntimeFailure) -> SeccompProfile {
        let members = try object(
            document, "the profile",
            known: ["defaultAction", "defaultErrnoRet", "architectures", "archMap", "flags", "syscalls", "listenerPath", "listenerMetadata"])
        for name in ["listenerPath", "listenerMetadata"] where members[name].map({ $0 != .string("") && !$0.isNull }) == true {
            throw wrong(name, "found a listener for notifications, which is not supported", "a profile without one")
        }
        var profile = SeccompProfile(
            defaultAction: try action(members, "defaultAction", errno: "defaultErrnoRet", "the profile"), rules: [])
        profile.architectures = try strings(members["architectures"], "architectures")
        for (index, entry) in try array(members["archMap"], "archMap").enumerated() {
            let map = try object(entry, "archMap[\(index)]", known: ["architecture", "subArchitectures"])
            let main = try string(map["architecture"], "archMap[\(index)].architecture")
            // Every machine's own architecture decides whether a row is meant for it.
            guard SeccompCompiler.nativeArchitectures.contains(main) else { continue }
            profile.architectures += [main] + (try strings(map["subArchitectures"], "archMap[\(index)].subArchitectures"))
        }
        for flag in try strings(members["flags"], "flags") {
            guard let bit = SeccompProfile.flag(named: flag) else {
                throw wrong("flags", "found \(flag)", "SECCOMP_FILTER_FLAG_LOG, _SPEC_ALLOW or _TSYNC")
            }
            profile.flags |= bit
        }
        for (index, entry) in try array(members["syscalls"], "syscalls").enumerated() {
            profile.rules.append(try rule(entry, "syscalls[\(index)]"))
        }
        return profile
    }

    private func rule(_ value: JSONValue, _ place: String) throws(RuntimeFailure) -> SeccompProfile.Rule {
        let members = try object(value, place, known: ["names", "name", "action", "errnoRet", "args", "comment", "includes", "excludes"])
        var names = try strings(members["names"], place + ".names")
        if let name = members["name"], !name.isNull { names.append(try string(name, place + ".name")) }
        guard !names.isEmpty else { throw wrong(place, "found no names", "at least one system call") }
        var rule = SeccompProfile.Rule(names: names, action: try action(members, "action", errno: "errnoRet", place))
        for (index, entry) in try array(members["args"], place + ".args").enumerated() {
            rule.arguments.append(try argument(entry, "\(place).args[\(index)]"))
        }
        rule.includes = try condition(members["includes"], place + ".includes")
        rule.excludes = try condition(members["excludes"], place + ".excludes")
        return rule
    }

    private func argument(_ value: JSONValue, _ place: String) throws(RuntimeFailure) -> SeccompProfile.Argument {
        let members = try object(value, place, known: ["index", "value", "valueTwo", "op"])
        guard let index = try number(members["index"], place + ".index"), index <= 5 else {
            throw wrong(place + ".index", "found \(members["index"]?.typeName ?? "nothing")", "a number from 0 to 5")
        }
        guard let first = try number(members["value"], place + ".value") else { throw wrong(place + ".value", "found nothing", "a number") }
        let name = try string(members["op"], place + ".op")
        guard let comparison = SeccompProfile.Comparison(rawValue: name) else { throw wrong(place + ".op", "found \(name)", "an SCMP_CMP_... name") }
        return SeccompProfile.Argument(
            index: UInt32(index), value: first, valueTwo: try number(members["valueTwo"], place + ".valueTwo") ?? 0, comparison: comparison)
    }

    private func condition(_ value: JSONValue?, _ place: String) throws(RuntimeFailure) -> SeccompProfile.Condition {
        guard let value, !value.isNull else { return SeccompProfile.Condition() }
        let members = try object(value, place, known: ["caps", "arches", "minKernel"])
        var condition = SeccompProfile.Condition()
        condition.capabilities = try strings(members["caps"], place + ".caps")
        condition.architectures = try strings(members["arches"], place + ".arches")
        if let text = members["minKernel"], !text.isNull {
            guard let version = KernelVersion(try string(text, place + ".minKernel")) else {
                throw wrong(place + ".minKernel", "found \(text.string ?? "")", "a version such as 4.8")
            }
            condition.minimumKernel = version
        }
        return condition
    }

    private func action(_ members: [String: JSONValue], _ name: String, errno: String, _ place: String) throws(RuntimeFailure)
        -> SeccompProfile.Action
    {
        let text = try string(members[name], "\(place).\(name)")
        let number = try number(members[errno], "\(place).\(errno)")
        guard number ?? 0 <= 4095 else { throw wrong("\(place).\(errno)", "found \(number ?? 0)", "0 to 4095") }
        // EPERM is the specification's default.
        guard let action = SeccompProfile.Action(name: text, errno: UInt16(number ?? 1)) else {
            throw wrong(
                "\(place).\(name)", "found \(text)",
                "SCMP_ACT_ALLOW, _ERRNO, _LOG, _TRAP, _KILL, _KILL_THREAD, _KILL_PROCESS or _TRACE")
        }
        return action
    }

    private func object(_ value: JSONValue, _ place: String, known: Set<String>) throws(RuntimeFailure) -> [String: JSONValue] {
        guard let members = value.object else { throw wrong(place, "found a \(value.typeName)", "an object") }
        if let unknown = members.keys.sorted().first(where: { !known.contains($0) }) {
            throw wrong(place, "found the unknown field \"\(unknown)\"", known.sorted().joined(separator: ", "))
        }
        return members
    }

    private func array(_ value: JSONValue?, _ place: String) throws(RuntimeFailure) -> [JSONValue] {
        guard let value, !value.isNull else { return [] }
        guard let elements = value.array else { throw wrong(place, "found a \(value.typeName)", "an array") }
        return elements
    }

    private func strings(_ value: JSONValue?, _ place: String) throws(RuntimeFailure) -> [String] {
        var result: [String] = []
        for (index, element) in try array(value, place).enumerated() { result.append(try string(element, "\(place)[\(index)]")) }
        return result
    }

    private func string(_ value: JSONValue?, _ place: String) throws(RuntimeFailure) -> String {
        guard let text = value?.string else { throw wrong(place, "found \(value?.typeName ?? "nothing")", "a string") }
        return text
    }

    /// Numbers above Int64.max are written in profiles (masks); the parser keeps them as floating point, which would not be exact.
    private func number(_ value: JSONValue?, _ place: String) throws(RuntimeFailure) -> UInt64? {
        guard let value, !value.isNull else { return nil }
        if let number = value.integer, number >= 0 { return UInt64(number) }
        throw wrong(place, "found \(value.typeName)", "a whole number from 0 to 9223372036854775807")
    }

    private func wrong(_ place: String, _ found: String, _ wanted: String) -> RuntimeFailure {
        RuntimeFailure(.create, "seccomp profile \(path): \(place): \(found), wanted \(wanted)")
    }
}
