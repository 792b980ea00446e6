import Addresses
package import KubeModel
package import Nftables

/// Services compiled into tables, change by change: a change costs as much as the Services that it concerns, whatever else there is.
package struct ServiceModel: Sendable {
    /// A Service, as it is and as it was compiled last. There may be slices before their Service.
    private struct Record {
        let key: ObjectKey
        var service: Service?
        /// The Service whose claims are made.
        var claimed: Service?
        var slices: [String: EndpointSlice] = [:]
        var output = ServiceOutput()
    }

    package let configuration: ProxyConfiguration
    private var records: [Int32: Record] = [:]
    private var numbers: [ObjectKey: Int32] = [:]
    private var next: Int32 = 0
    /// The Service of each slice: the label that names it may change.
    private var sliceServices: [ObjectKey: ObjectKey] = [:]
    private var claims = FrontendClaims()
    private var families: [FamilyElements]
    private var dirty: Set<Int32> = []
    /// The entries of changed Services at the last commit.
    private var former: [ObjectKey: [ServiceEntry]] = [:]
    private var withProblems: Set<ObjectKey> = []
    private var withHealthChecks: Set<ObjectKey> = []

    package init(_ configuration: ProxyConfiguration) {
        self.configuration = configuration
        families = TableFamily.allCases.map { FamilyElements(configuration: configuration, family: $0) }
    }

    // MARK: Input

    /// - Parameter service: `nil` when there is no such Service any more.
    package mutating func set(_ service: Service?, for key: ObjectKey) {
        guard service != nil || numbers[key] != nil else { return }
        let number = number(of: key)
        guard records[number]?.service != service else { return }
        records[number]?.service = service
        dirty.insert(number)
    }

    /// - Parameter slice: `nil` when there is no such slice any more.
    package mutating func set(_ slice: EndpointSlice?, namespace: String, name: String) {
        let key = ObjectKey(namespace: namespace, name: name)
        let owner = slice.flatMap(Self.service)
        if let earlier = sliceServices[key], earlier != owner, let number = numbers[earlier] {
            records[number]?.slices[name] = nil
            dirty.insert(number)
        }
        sliceServices[key] = owner
        guard let owner, let slice else { return }
        let number = number(of: owner)
        guard records[number]?.slices[name] != slice else { return }
        records[number]?.slices[name] = slice
        dirty.insert(number)
    }

    /// Replaces all input.
    package mutating func replace(services: [Service], slices: [EndpointSlice]) {
        var gone = Set(numbers.keys)
        for service in services {
            gone.remove(service.key)
            set(service, for: service.key)
        }
        for key in gone { set(nil, for: key) }
        var goneSlices = Set(sliceServices.keys)
        for slice in slices {
            guard let namespace = slice.metadata.namespace, let name = slice.metadata.name else { continue }
            goneSlices.remove(slice.key)
            set(slice, namespace: namespace, name: name)
        }
        for key in goneSlices { set(nil, namespace: key.namespace, name: key.name) }
    }

    private static func service(of slice: EndpointSlice) -> ObjectKey? {
        guard !ServiceLabels.isIgnored(slice.metadata), let namespace = slice.metadata.namespace,
            let name = slice.metadata.labels?[ServiceLabels.serviceName]
        else { return nil }
        return ObjectKey(namespace: namespace, name: name)
    }

    private mutating func number(of key: ObjectKey) -> Int32 {
        if let number = numbers[key] { return number }
        let number = next
        next += 1
        numbers[key] = number
        records[number] = Record(key: key)
        return number
    }

    // MARK: Compilation

    /// Compiles what was set since the last call.
    package mutating func update() {
        var open = dirty
        dirty = []
        var changed = open
        while let number = open.popFirst() {
            for other in renewClaims(number) where changed.insert(other).inserted { open.insert(other) }
        }
        // All that goes before anything that comes: a frontend may go from one Service to another.
        var fresh: [[ServiceEntry]] = []
        for number in changed {
            guard let record = records[number] else { continue }
            let output = compile(record, number)
            if record.output.entries != output.entries {
                if former[record.key] == nil { former[record.key] = record.output.entries }
                for index in families.indices { families[index].remove(record.output.entries) }
                fresh.append(output.entries)
            }
            store(output, record, number)
        }
        for entries in fresh {
            for index in families.indices { families[index].add(entries) }
        }
    }

    /// - Returns: other Services that want a frontend whose owner has changed.
    private mutating func renewClaims(_ number: Int32) -> [Int32] {
        guard let record = records[number], record.claimed != record.service else { return [] }
        var others: [Int32] = []
        for frontend in Self.wanted(record.claimed).keys {
            others += claims.release(frontend, number)
        }
        records[number]?.claimed = record.service
        for (frontend, kind) in Self.wanted(record.service) {
            let rank = FrontendClaims.Rank(kind: kind, created: record.service?.metadata.creationTimestamp?.seconds ?? 0, key: record.key)
            others += claims.claim(frontend, number, rank) { [records] owner in Self.rank(records[owner], at: frontend) }
        }
        return others
    }

    private static func wanted(_ service: Service?) -> [Frontend: Int] { service.flatMap { ServedService($0) }?.claims ?? [:] }

    private static func rank(_ record: Record?, at frontend: Frontend) -> FrontendClaims.Rank {
        let service = record?.claimed
        return FrontendClaims.Rank(
            kind: wanted(service)[frontend] ?? 1, created: service?.metadata.creationTimestamp?.seconds ?? 0,
            key: record?.key ?? ObjectKey(namespace: "", name: ""))
    }

    private func compile(_ record: Record, _ number: Int32) -> ServiceOutput {
        guard let service = record.service.flatMap({ ServedService($0) }) else { return ServiceOutput() }
        let catalog = EndpointCatalog(Array(record.slices.values), nodeName: configuration.nodeName, zone: configuration.zone)
        return ServiceOutput(service, catalog, uid: record.service?.metadata.uid) { frontend in
            guard let owner = claims.owner(of: frontend), owner != number else { return nil }
            return records[owner]?.key
        }
    }

    private mutating func store(_ output: ServiceOutput, _ record: Record, _ number: Int32) {
        if output.problems.isEmpty { withProblems.remove(record.key) } else { withProblems.insert(record.key) }
        if output.healthChecks.isEmpty { withHealthChecks.remove(record.key) } else { withHealthChecks.insert(record.key) }
        if record.service == nil, record.slices.isEmpty {
            records[number] = nil
            numbers[record.key] = nil
        } else {
            records[number]?.output = output
        }
    }

    /// A Service with its slices and the result; `nil` when there is no such Service.
    func subject(_ key: ObjectKey) -> (Service, [EndpointSlice], ServiceOutput)? {
        guard let record = numbers[key].flatMap({ records[$0] }), let service = record.service else { return nil }
        return (service, Array(record.slices.values), record.output)
    }

    // MARK: Output

    /// The whole tables as they should be.
    package var tables: [Table] { families.map(\.table) }

    /// The tables of the last commit; `nil` before the first one.
    package var committedTables: [Table]? {
        let tables = families.compactMap(\.committedTable)
        return tables.count == families.count ? tables : nil
    }

    /// The changes since the last commit; `nil` before the first one.
    package var operations: [Operation]? {
        let lists = families.compactMap(\.operations)
        return lists.count == families.count ? lists.flatMap { $0 } : nil
    }

    /// The entries of Services that were changed since the last commit: as they were then, and as they are.
    package var changes: (former: ServiceTable, present: ServiceTable) {
        let present = former.keys.flatMap { key in numbers[key].flatMap { records[$0]?.output.entries } ?? [] }
        return (ServiceTable(entries: former.values.flatMap { $0 }), ServiceTable(entries: present))
    }

    /// The store has the tables as they are now.
    package mutating func committed() {
        former = [:]
        for index in families.indices { families[index].committed() }
    }

    package var problems: [ServiceProblem] { withProblems.sorted().flatMap { output(of: $0)?.problems ?? [] } }

    package var healthChecks: [ServiceHealthCheck] { withHealthChecks.sorted().flatMap { output(of: $0)?.healthChecks ?? [] } }

    private func output(of key: ObjectKey) -> ServiceOutput? { numbers[key].flatMap { records[$0]?.output } }

    /// Every Service port, by name.
    package var entries: [ServiceEntry] { records.values.sorted { $0.key < $1.key }.flatMap(\.output.entries) }

    /// Looks at each Service once and keeps no more than the search wants: there may be tens of thousands.
    package func matches(_ search: ServiceSearch) -> ServiceMatches {
        var matches = ServiceMatches()
        for record in records.values where !record.output.entries.isEmpty { matches.add(record.key, record.output.entries, search) }
        return matches
    }
}
