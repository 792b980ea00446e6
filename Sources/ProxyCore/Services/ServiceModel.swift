import Addresses
package import KubeModel
package import Nftables

/// Services compiled into tables, change by change: a change costs as much as the Services that it concerns, whatever else there is.
package struct ServiceModel: Sendable {
    /// A Service, as it is and as it was compiled last. There may be slices before their Service. 32 bytes, besides those of the packed parts.
    private struct Record {
        var service: Packed<Service>?
        /// The Service whose claims are made.
        var claimed: Packed<Service>?
        /// One in most cases.
        var slices: [Packed<EndpointSlice>] = []
        var entries = PackedEntries()
    }

    package let configuration: ProxyConfiguration
    /// A Service's number is its place here.
    private var records = CompactMap<ObjectKey, Record>()
    /// The number of each slice's Service: the label that names it may change.
    private var sliceServices = CompactMap<ObjectKey, Int32>()
    private var claims = FrontendClaims()
    private var families: [FamilyChanges]
    private var dirty: Set<Int32> = []
    /// The entries of changed Services at the last commit.
    private var former: [ObjectKey: PackedEntries] = [:]
    /// Of the few Services that have some.
    private var problemsByKey: [ObjectKey: [ServiceProblem]] = [:]
    private var healthChecksByKey: [ObjectKey: [ServiceHealthCheck]] = [:]
    package private(set) var localEndpointGaps = LocalEndpointGaps()

    package init(_ configuration: ProxyConfiguration) {
        self.configuration = configuration
        families = TableFamily.allCases.map { FamilyChanges(configuration: configuration, family: $0) }
    }

    // MARK: Input

    /// - Parameter service: `nil` when there is no such Service any more.
    package mutating func set(_ service: Packed<Service>?, for key: ObjectKey) {
        guard service != nil || records.place(of: key) != nil else { return }
        let number = number(of: key)
        guard records[place: number]?.service != service else { return }
        records[place: number]?.service = service
        dirty.insert(number)
    }

    /// - Parameter slice: `nil` when there is no such slice any more.
    package mutating func set(_ slice: Packed<EndpointSlice>?, for key: ObjectKey) {
        let owner = slice.flatMap { Self.service(of: $0.metadata) }.map { number(of: $0) }
        if let earlier = sliceServices[key], earlier != owner {
            records[place: earlier]?.slices.removeAll { $0.name == key.name }
            dirty.insert(earlier)
        }
        sliceServices[key] = owner
        guard let owner, let slice, var slices = records[place: owner]?.slices else { return }
        let place = slices.firstIndex { $0.name == key.name }
        if let place, slices[place] == slice { return }
        if let place { slices[place] = slice } else { slices.append(slice) }
        records[place: owner]?.slices = slices
        dirty.insert(owner)
    }

    /// Replaces all input.
    package mutating func replace(services: [ObjectKey: Packed<Service>], slices: [ObjectKey: Packed<EndpointSlice>]) {
        for key in records.keys where services[key] == nil { set(nil as Packed<Service>?, for: key) }
        for (key, service) in services { set(service, for: key) }
        for key in sliceServices.keys where slices[key] == nil { set(nil as Packed<EndpointSlice>?, for: key) }
        for (key, slice) in slices { set(slice, for: key) }
    }

    private static func service(of slice: ObjectMeta) -> ObjectKey? {
        guard !ServiceLabels.isIgnored(slice), let namespace = slice.namespace, let name = slice.labels?[ServiceLabels.serviceName] else {
            return nil
        }
        return ObjectKey(namespace: namespace, name: name)
    }

    private mutating func number(of key: ObjectKey) -> Int32 {
        records.place(of: key) ?? records.set(Record(), for: key)
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
        var fresh: [(key: ObjectKey, entries: PackedEntries)] = []
        for number in changed {
            guard let key = records.key(at: number), let record = records[place: number] else { continue }
            let output = compile(record, number)
            let entries = PackedEntries(output.entries)
            if record.entries != entries {
                if former[key] == nil { former[key] = record.entries }
                let earlier = record.entries.entries(of: key)
                localEndpointGaps.remove(earlier)
                for index in families.indices { families[index].remove(earlier) }
                fresh.append((key, entries))
            }
            store(output, entries, key, record, number)
        }
        for (key, entries) in fresh {
            let present = entries.entries(of: key)
            localEndpointGaps.add(present)
            for index in families.indices { families[index].add(present) }
        }
    }

    /// - Returns: other Services that want a frontend whose owner has changed.
    private mutating func renewClaims(_ number: Int32) -> [Int32] {
        guard let key = records.key(at: number), let record = records[place: number], record.claimed != record.service else { return [] }
        var others: [Int32] = []
        for frontend in Self.wanted(record.claimed?.object).keys {
            others += claims.release(frontend, number)
        }
        records[place: number]?.claimed = record.service
        let service = record.service?.object
        for (frontend, kind) in Self.wanted(service) {
            let rank = FrontendClaims.Rank(kind: kind, created: service?.metadata.creationTimestamp?.seconds ?? 0, key: key)
            others += claims.claim(frontend, number, rank) { [records] owner in Self.rank(records, owner, at: frontend) }
        }
        return others
    }

    private static func wanted(_ service: Service?) -> [Frontend: Int] { service.flatMap { ServedService($0) }?.claims ?? [:] }

    private static func rank(_ records: CompactMap<ObjectKey, Record>, _ number: Int32, at frontend: Frontend) -> FrontendClaims.Rank {
        let service = records[place: number]?.claimed?.object
        return FrontendClaims.Rank(
            kind: wanted(service)[frontend] ?? 1, created: service?.metadata.creationTimestamp?.seconds ?? 0,
            key: records.key(at: number) ?? ObjectKey(namespace: "", name: ""))
    }

    private func compile(_ record: Record, _ number: Int32) -> ServiceOutput {
        guard let object = record.service?.object, let service = ServedService(object) else { return ServiceOutput() }
        let catalog = EndpointCatalog(record.slices.map(\.object), nodeName: configuration.nodeName, zone: configuration.zone)
        return ServiceOutput(service, catalog, uid: object.metadata.uid) { frontend in
            guard let owner = claims.owner(of: frontend), owner != number else { return nil }
            return records.key(at: owner)
        }
    }

    private mutating func store(_ output: ServiceOutput, _ entries: PackedEntries, _ key: ObjectKey, _ record: Record, _ number: Int32) {
        problemsByKey[key] = output.problems.isEmpty ? nil : output.problems
        healthChecksByKey[key] = output.healthChecks.isEmpty ? nil : output.healthChecks
        if record.service == nil, record.slices.isEmpty {
            records.remove(key)
        } else {
            records[place: number]?.entries = entries
        }
    }

    /// A Service with its slices and the result; `nil` when there is no such Service.
    func subject(_ key: ObjectKey) -> (Service, [EndpointSlice], ServiceOutput)? {
        guard let record = records[key], let service = record.service else { return nil }
        let output = ServiceOutput(entries: record.entries.entries(of: key), problems: problemsByKey[key] ?? [])
        return (service.object, record.slices.map(\.object), output)
    }

    // MARK: Output

    /// The whole tables as they should be, made anew from all entries.
    package var tables: [Table] { zip(families, elements).map { $0.table($1) } }

    /// The tables of the last commit, made anew; `nil` before the first one.
    package var committedTables: [Table]? {
        guard families.allSatisfy(\.hasCommitted) else { return nil }
        return zip(families, elements).compactMap { $0.committedTable($1) }
    }

    /// All elements of each family.
    private var elements: [ServiceElements] {
        var result = families.map(\.ownElements)
        for entry in eachEntry {
            for index in families.indices where families[index].family.addresses == entry.family { result[index].add(entry) }
        }
        return result
    }

    /// The changes since the last commit; `nil` before the first one.
    package var operations: [Operation]? {
        let lists = families.compactMap(\.operations)
        return lists.count == families.count ? lists.flatMap { $0 } : nil
    }

    /// The entries of Services that were changed since the last commit: as they were then, and as they are.
    package var changes: (former: ServiceTable, present: ServiceTable) {
        let present = former.keys.flatMap { key in records[key]?.entries.entries(of: key) ?? [] }
        return (ServiceTable(entries: former.flatMap { $0.value.entries(of: $0.key) }), ServiceTable(entries: present))
    }

    /// The store has the tables as they are now.
    package mutating func committed() {
        former = [:]
        for index in families.indices { families[index].committed() }
    }

    package var problems: [ServiceProblem] { problemsByKey.sorted { $0.key < $1.key }.flatMap(\.value) }

    package var healthChecks: [ServiceHealthCheck] { healthChecksByKey.sorted { $0.key < $1.key }.flatMap(\.value) }

    /// Every Service port, by name, made anew.
    package var entries: [ServiceEntry] { entries { _ in true } }

    /// Some Service ports, by name, made anew: less to hold at once.
    package func entries(where isIncluded: (ServiceEntry) -> Bool) -> [ServiceEntry] {
        records.elements.sorted { $0.key < $1.key }.flatMap { $0.value.entries.entries(of: $0.key).filter(isIncluded) }
    }

    /// Every Service port in no order, each made when it is asked for.
    package var eachEntry: some Sequence<ServiceEntry> { records.elements.lazy.flatMap { $0.value.entries.entries(of: $0.key) } }

    /// Looks at each Service once and keeps no more than the search wants: there may be tens of thousands.
    package func matches(_ search: ServiceSearch) -> ServiceMatches {
        var matches = ServiceMatches()
        for (key, record) in records.elements where !record.entries.isEmpty {
            matches.add(key, search) { record.entries.entries(of: key) }
        }
        return matches
    }
}
