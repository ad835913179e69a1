internal import NightjarCore

/// How a seed in a reply compares with one that was asked for (rule 11).
enum SeedComparison: Equatable, Sendable {
    /// Proof by itself.
    case equal
    /// Cut to 32 or 31 bits, rounded to a double, or unreadable: proves nothing either way.
    case perhaps
    case different

    init(_ echo: EchoedSeed?, _ seed: Int64) {
        switch echo {
        case nil, .text: self = .perhaps
        case .integer(let value):
            if value == seed {
                self = .equal
            } else {
                self =
                    Self.residue(value) == Self.residue(seed) || Double(value) == Double(seed) ? .perhaps : .different
            }
        case .number(let value): self = value == Double(seed) ? .perhaps : .different
        }
    }

    /// What is left of a seed that was cut to 31 bits; two that are equal in 32 are equal in these.
    static func residue(_ seed: Int64) -> Int64 { seed & 0x7FFF_FFFF }

    /// Significant bits, at least 1.
    static func bits(_ seed: Int64) -> Int { max(1, Int64.bitWidth - seed.leadingZeroBitCount) }
}

extension APIKnowledge.Model {
    /// Whether a job that shows another seed cannot be one that was asked for with `seed`.
    func provesDifference(from seed: Int64) -> Bool {
        !changesSeeds && echoedBits >= SeedComparison.bits(seed)
    }

    /// Whether a job that shows another prompt cannot be ours.
    var provesPrompts: Bool { echoesPrompts && !changesPrompts }

    /// A job of ours was seen to be done.
    mutating func learn(from job: RemoteJob, of request: ImageRequest) {
        if let seed = request.seed {
            if SeedComparison(job.seed, seed) == .equal {
                echoedBits = max(echoedBits, SeedComparison.bits(seed))
            } else {
                changesSeeds = true
            }
        }
        if let prompt = job.prompt {
            if prompt == request.prompt { echoesPrompts = true } else { changesPrompts = true }
        }
    }
}
