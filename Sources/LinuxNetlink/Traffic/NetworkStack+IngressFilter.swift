import CMnl

extension NetworkStack {
    /// Has a program decide about every frame that an interface receives, before a bridge gets it. Replaces an earlier program. It goes with the
    /// interface.
    /// - Throws: ENOENT when the kernel lacks the queueing discipline `ingress` or the classifier `bpf`.
    package func setIngressFilter(_ program: PacketProgram, name: String, on link: UInt32) throws(NetlinkError) {
        var discipline = NetlinkMessage("RTM_NEWQDISC", type: RTM_NEWQDISC, flags: RouteAttribute.create)
        discipline.append(Self.trafficHeader(link, handle: TrafficControl.ingressHandle, parent: TrafficControl.ingressParent))
        discipline.attribute(TrafficControl.kind, string: "ingress")
        do throws(NetlinkError) {
            try socket.transact(discipline)
        } catch {
            guard error.isAlreadyThere else { throw error.about("ingress of link \(link)") }
        }
        var message = NetlinkMessage("RTM_NEWTFILTER", type: RTM_NEWTFILTER, flags: Int32(NLM_F_CREATE))
        message.append(
            Self.trafficHeader(link, handle: 1, parent: TrafficControl.ingressHandle, information: TrafficControl.firstOfAllProtocols))
        message.attribute(TrafficControl.kind, string: "bpf")
        message.nested(TrafficControl.options) { options in
            options.attribute(TrafficControl.programLength, UInt16(program.instructions.count))
            options.attribute(TrafficControl.program, bytes: program.bytes)
            options.attribute(TrafficControl.programName, string: name)
            // TCA_BPF_FLAG_ACT_DIRECT: the program's result is the frame's fate.
            options.attribute(TrafficControl.programFlags, UInt32(1))
        }
        do throws(NetlinkError) {
            try socket.transact(message)
        } catch {
            throw error.about("filter \(name) of link \(link)")
        }
    }

    /// Returns the program of an interface's first filter; `nil` without one.
    package func ingressFilter(of link: UInt32) throws(NetlinkError) -> [UInt8]? {
        var message = NetlinkMessage("RTM_GETTFILTER", type: RTM_GETTFILTER)
        message.append(Self.trafficHeader(link, parent: TrafficControl.ingressHandle))
        for reply in try socket.dump(message) {
            let attributes = reply.attributes(after: tcmsg.self)
            guard attributes[TrafficControl.kind]?.string == "bpf",
                let program = attributes[TrafficControl.options]?.nested[TrafficControl.program]
            else { continue }
            return Array(program.bytes)
        }
        return nil
    }

    static func trafficHeader(_ link: UInt32, handle: UInt32 = 0, parent: UInt32, information: UInt32 = 0) -> tcmsg {
        var header = tcmsg()
        header.tcm_ifindex = Int32(bitPattern: link)
        header.tcm_handle = handle
        header.tcm_parent = parent
        header.tcm_info = information
        return header
    }
}
