// SPDX-License-Identifier: Apache-2.0
import ClusterModel
import ClusterSigning
import WireFormat

/// What stands behind the names in URLs at present: the run's DNS, and who listens there.
struct Directory {
    /// What answers at a name.
    enum Target {
        /// The machine with that number.
        case host(Int)
        /// A machine of no interest: the introduction that its door gives, and the cluster in it.
        case stranger(Introduction, ClusterID?)
        /// Another program, or a server that does not know the name.
        case program(status: Int)
    }

    private(set) var targets: [String: Target] = [:]

    subscript(name: String) -> Target? {
        get { targets[name] }
        set { targets[name] = newValue }
    }

    /// The number of the machine at a name, where one of the run stands there.
    func host(at name: String) -> Int? {
        if case .host(let number) = targets[name] { number } else { nil }
    }

    /// The entry of a list for a name.
    static func address(_ name: String) -> NodeAddress {
        NodeAddress(url: "http://\(name)", host: name, port: 5570)
    }
}

extension Simulation {
    /// Names that people write by mistake; nobody has the first one.
    static let wrongNames = ["typo", "shop", "elsewhere", "foreign", "new"]

    /// Gives the wrong names their meaning.
    func addStrangers() throws {
        directory["shop"] = .program(status: 404)
        directory["elsewhere"] = .program(status: 421)
        let other = ClusterID(Bytes32(random.bytes(32)) ?? .zero)
        directory["foreign"] = .stranger(try introduceStranger(), other)
        directory["new"] = .stranger(try introduceStranger(), nil)
    }

    private func introduceStranger() throws -> Introduction {
        Introduction(
            identity: try Registry.identity(&random),
            instance: InstanceID(high: random.next(), low: random.next()),
            endpoints: Endpoints(host: "10.9.9.9", publishPort: 5572, requestPort: 5571),
            version: "simulated")
    }
}
