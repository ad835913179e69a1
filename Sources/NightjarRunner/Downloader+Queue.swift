internal import NightjarCore

extension Downloader {
    enum Work: Sendable {
        case file(Item)
        case duplicate(DuplicateItem)
    }

    /// What is to be fetched; a file before a duplicate.
    struct Queue {
        private var items: [Item] = []
        private var first = 0
        private var waiting: [(item: Item, at: Duration)] = []
        private var duplicates: [(item: DuplicateItem, at: Duration)] = []
        /// Whose duplicate is under way: all of one job have the same name while they are half written.
        private var jobs: Set<JobID> = []
        private(set) var inFlight = 0

        mutating func add(_ item: Item) {
            items.append(item)
        }

        mutating func add(_ item: Item, at moment: Duration) {
            waiting.append((item, moment))
        }

        mutating func add(_ duplicate: DuplicateItem, at moment: Duration) {
            duplicates.append((duplicate, moment))
        }

        /// - Returns: What is due; `ended` must follow.
        mutating func begin(at now: Duration) -> Work? {
            let work = next(at: now).map(Work.file) ?? nextDuplicate(at: now).map(Work.duplicate)
            if work != nil { inFlight += 1 }
            return work
        }

        mutating func ended(_ work: Work) {
            inFlight -= 1
            if case .duplicate(let duplicate) = work { jobs.remove(duplicate.job) }
        }

        /// When the next of those that wait may be tried again.
        var nextDue: Duration? {
            (waiting.map(\.at) + duplicates.filter { !jobs.contains($0.item.job) }.map(\.at)).min()
        }

        private mutating func next(at now: Duration) -> Item? {
            if let place = waiting.firstIndex(where: { $0.at <= now }) { return waiting.remove(at: place).item }
            guard first < items.count else { return nil }
            defer {
                first += 1
                if first > 256, first * 2 > items.count {
                    items.removeFirst(first)
                    first = 0
                }
            }
            return items[first]
        }

        private mutating func nextDuplicate(at now: Duration) -> DuplicateItem? {
            let next = duplicates.firstIndex { $0.at <= now && !jobs.contains($0.item.job) }
            guard let next else { return nil }
            let duplicate = duplicates.remove(at: next).item
            jobs.insert(duplicate.job)
            return duplicate
        }
    }
}
