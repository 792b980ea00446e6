import KubeModel

extension NodePageReport {
    static func list(_ services: ServiceList) -> JSONValue {
        var object: JSONValue = [
            "total": .integer(Int64(services.total)), "matching": .integer(Int64(services.matching)),
            "items": .array(services.first.prefix(mostServices).map(item)),
        ]
        object["lastSync"] = services.lastSync.map(time)
        object["problem"] = services.problem.map(text)
        return object
    }

    private static func item(_ service: ServiceList.Service) -> JSONValue {
        var object: JSONValue = [
            "namespace": text(service.key.namespace), "name": text(service.key.name),
            "ports": .array(service.ports.prefix(longestList).map(port)),
        ]
        if service.ports.count > longestList { object["morePorts"] = .integer(Int64(service.ports.count - longestList)) }
        return object
    }

    private static func port(_ port: ServiceList.Port) -> JSONValue {
        [
            "name": text(port.name), "addresses": texts(port.addresses, count: port.addressCount),
            "endpoints": texts(port.endpoints, count: port.endpointCount), "endpointCount": .integer(Int64(port.endpointCount)),
        ]
    }
}
