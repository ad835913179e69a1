import Glibc
import NightjarCore
import PromptLanguage

/// `sample`: so many of all the jobs, drawn without making the others.
struct Sample: Sendable, Equatable {
    var count: Int
    var seed: UInt64

    /// Each job of a prompt has, in thought, an exponential time, and the jobs with the smallest times are drawn. The times
    /// of one prompt come in order from its hash, the first of `n` jobs after Exp(n), the next Exp(n−1) later; so a prompt of
    /// a trillion jobs takes no longer than one of two. What a prompt draws depends on nothing but itself: one that is
    /// added only displaces those that it beats, and the order decides nothing.
    struct Draw {
        private let most: Int
        private let seed: UInt64
        /// A heap, the greatest time first.
        private var entries: [Entry] = []

        private struct Entry {
            var time: Double
            var item: UInt32
        }

        init(_ sample: Sample) {
            most = sample.count
            seed = sample.seed
        }

        /// - Parameters:
        ///   - item: Its place among the prompts.
        ///   - identity: What its draws depend on.
        ///   - jobs: How many it stands for.
        mutating func add(item: Int, identity: UInt64, jobs: BigNatural) {
            let all = jobs.approximated
            let number = Mixing.mixed(seed, identity)
            var time = 0.0
            var rank = 0.0
            while rank < all {
                let left = max(min(all, 1e300) - rank, 1)
                time += -log(Mixing.unit(Mixing.mixed(number, UInt64(rank)))) / left
                rank += 1
                if entries.count == most {
                    guard let greatest = entries.first, time < greatest.time else { return }
                    entries[0] = Entry(time: time, item: UInt32(clamping: item))
                    sink(0)
                } else {
                    entries.append(Entry(time: time, item: UInt32(clamping: item)))
                    rise(entries.count - 1)
                }
            }
        }

        /// How many jobs of each prompt are drawn, by its place; prompts with none are left out.
        consuming func counts() -> [(item: Int, jobs: Int)] {
            var items = entries.map(\.item)
            entries = []
            items.sort()
            var counts: [(item: Int, jobs: Int)] = []
            for item in items {
                if counts.last?.item == Int(item) {
                    counts[counts.count - 1].jobs += 1
                } else {
                    counts.append((Int(item), 1))
                }
            }
            return counts
        }

        private mutating func rise(_ start: Int) {
            var place = start
            while place > 0 {
                let parent = (place - 1) / 2
                guard entries[parent].time < entries[place].time else { return }
                entries.swapAt(parent, place)
                place = parent
            }
        }

        private mutating func sink(_ start: Int) {
            var place = start
            while true {
                var greatest = place
                for child in [2 * place + 1, 2 * place + 2]
                where child < entries.count && entries[child].time > entries[greatest].time { greatest = child }
                guard greatest != place else { return }
                entries.swapAt(greatest, place)
                place = greatest
            }
        }
    }
}
