/// Decides draws: the same everywhere, and each for itself.
///
/// Every pick hangs on the seed, on the choice or wildcard as it is written, on how many written alike stand before it
/// in the prompt, and (in a variable or a wildcard) on the places that lead to it; on nothing else. So an edit moves no
/// pick but those it touches. Hashes are FNV-1a of 64 bits over the UTF-8, mixed by the finalizer of SplitMix64.
package struct PickSource: Sendable, Hashable {
    /// What everything is hashed with.
    let root: UInt64
    /// Which option `@` takes, counted from 0 and round again.
    let turn: UInt64

    /// - Parameters:
    ///   - seed: The seed of the picks: one for each image.
    ///   - turn: The image's number, for `@`, which goes through its options in their order.
    package init(seed: (UInt64, UInt64), turn: UInt64 = 0) {
        root = Mixing.mixed(seed.0, seed.1)
        self.turn = turn
    }

    private init(root: UInt64, turn: UInt64) {
        self.root = root
        self.turn = turn
    }

    /// For `~` in one of all combinations.
    func combined(with combination: BigNatural) -> PickSource {
        PickSource(
            root: combination.limbs.reduce(root) { Mixing.mixed($0, $1) },
            turn: combination.limbs.first ?? 0)
    }
}

enum OptionHashes {
    /// A hash of each text, and of how many equal ones stand before it.
    static func of(_ texts: [[UInt8]]) -> [UInt64] {
        var seen: [UInt64: UInt64] = [:]
        return texts.map { text in
            let hash = Mixing.fnv1a(text)
            let number = seen[hash, default: 0]
            seen[hash] = number + 1
            return Mixing.mixed(hash, number)
        }
    }
}
