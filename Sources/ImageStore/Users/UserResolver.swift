import LinuxSystem
import PodCore

/// Resolves a user string by runc's rules: numbers need no entry, names do; `user:group` takes exactly that group and adds no other.
struct UserResolver {
    /// The contents of the image's /etc/passwd and /etc/group, empty without the file.
    let passwd: [UInt8]
    let group: [UInt8]

    init(passwd: [UInt8], group: [UInt8]) {
        self.passwd = passwd
        self.group = group
    }

    /// Reads the files of an image, uppermost layer first; one beyond `limit` bytes is an error of code `.tooLarge`. Blocking.
    init(lowerDirectories: [String], limit: Int) throws(SystemError) {
        let tree = try MergedTree(lowerDirectories: lowerDirectories)
        passwd = try tree.open("/etc/passwd")?.readAll(limit: limit, path: "/etc/passwd") ?? []
        group = try tree.open("/etc/group")?.readAll(limit: limit, path: "/etc/group") ?? []
    }

    private struct Account {
        let name: Substring
        let uid: AccountNumber
        let gid: AccountNumber
        let home: Substring
    }

    private struct Group {
        let name: Substring
        let gid: AccountNumber
        let members: [Substring]
    }

    func resolve(_ user: String) throws(ImageStoreError) -> ImageUser {
        let parts = user.split(separator: ":", omittingEmptySubsequences: false)
        guard parts.count <= 2 else { throw Self.unknown("user", user, "wanted user, uid, user:group or uid:gid") }
        let who = parts.first ?? ""
        let which = parts.count == 2 ? parts[1] : ""

        var uid: UInt32 = 0
        var gid: UInt32 = 0
        let number = try Self.number(who, "user", of: user)
        let named = accounts().filter { account in
            if let number { return account.uid.value == number }
            return who.isEmpty ? account.uid.value == 0 && account.gid.value != nil : account.name == who
        }
        let account = named.first { $0.uid.value != nil && $0.gid.value != nil } ?? named.first
        if let account {
            // Read as zero, a number out of range would be root.
            let line = "line of the image's /etc/passwd with the name \"\(account.name)\""
            uid = try account.uid.checked("user", user, line, "user")
            if which.isEmpty { gid = try account.gid.checked("user", user, line, "group") }
        } else if !who.isEmpty {
            guard let number else {
                throw Self.unknown("user", user, "no line of the image's /etc/passwd has the name \"\(who)\"; use a name that it has, or a number")
            }
            uid = number
        }

        var additional: [UInt32] = []
        if which.isEmpty {
            if let account { additional = groups().filter { $0.members.contains(account.name) }.compactMap(\.gid.value) }
        } else if let number = try Self.number(which, "group", of: user) {
            gid = number
        } else if let found = groups().first(where: { $0.name == which }) {
            gid = try found.gid.checked("group", user, "line of the image's /etc/group with the name \"\(which)\"", "group")
        } else {
            throw Self.unknown("group", user, "no line of the image's /etc/group has the name \"\(which)\"; use a name that it has, or a number")
        }
        var seen: Set<UInt32> = []
        additional = additional.filter { seen.insert($0).inserted }
        return ImageUser(uid: uid, gid: gid, additionalGids: additional, home: account.map { String($0.home) })
    }

    /// Reads a number if every character is a digit. The number must be one that the kernel and Kubernetes accept.
    private static func number(_ text: Substring, _ kind: String, of user: String) throws(ImageStoreError) -> UInt32? {
        guard !text.isEmpty, text.utf8.allSatisfy(ReferenceGrammar.isDigit) else { return nil }
        return try AccountNumber(text).checked(kind, user, "setting", kind)
    }

    private static func unknown(_ kind: String, _ user: String, _ detail: String) -> ImageStoreError {
        ImageStoreError(.unknownUser, "find \(kind)", "\"\(user)\"", detail)
    }

    /// Lines with too few fields are skipped.
    private func accounts() -> [Account] {
        lines(passwd).compactMap { fields in
            guard fields.count >= 6, !fields[0].isEmpty else { return nil }
            return Account(name: fields[0], uid: AccountNumber(fields[2]), gid: AccountNumber(fields[3]), home: fields[5])
        }
    }

    private func groups() -> [Group] {
        lines(group).compactMap { fields in
            guard fields.count >= 3, !fields[0].isEmpty else { return nil }
            return Group(name: fields[0], gid: AccountNumber(fields[2]), members: fields.count > 3 ? fields[3].split(separator: ",") : [])
        }
    }

    private func lines(_ bytes: [UInt8]) -> [[Substring]] {
        bytes.split(separator: UInt8(ascii: "\n")).compactMap { line in
            let text = Substring(String(decoding: line.last == UInt8(ascii: "\r") ? line.dropLast() : line, as: UTF8.self))
            guard text.first != "#" else { return nil }
            return text.split(separator: ":", omittingEmptySubsequences: false)
        }
    }
}
