internal import NightjarCore

/// What `GET /jobs` showed at one time: its pages joined.
struct ListReading: Equatable, Sendable {
    /// In the order of the replies, no id twice.
    var rows: [JobList.Row] = []
    /// The last page said that there is nothing older.
    var isWhole = false
    /// The last page read said that there is more.
    var saysMore = false
    /// One reply, which did not say whether there is more.
    var isOneReply = false
    /// Pages do not join, or one names an id twice.
    var isBroken = false
    /// How long caches have kept the oldest of the replies.
    var staleness: Duration = .zero

    init() {}

    /// In which order the rows stand.
    enum Order: Sendable {
        case newestFirst, oldestFirst
        /// Too few rows, or all made at nearly the same time.
        case unclear
        /// Neither: what is shown need not be the newest.
        case none
    }

    /// Rows made within this time of each other may stand either way: `created_at` need not be exact to the second.
    static let tolerance: Duration = .seconds(2)

    var order: Order {
        var (falls, rises) = (true, true)
        var bounds: (earliest: WallTime, latest: WallTime)?
        for time in rows.lazy.compactMap(\.createdAt) {
            guard let (earliest, latest) = bounds else {
                bounds = (time, time)
                continue
            }
            if time - earliest > Self.tolerance { falls = false }
            if latest - time > Self.tolerance { rises = false }
            bounds = (min(earliest, time), max(latest, time))
        }
        switch (falls, rises) {
        case (true, true): return .unclear
        case (true, false): return .newestFirst
        case (false, true): return .oldestFirst
        case (false, false): return .none
        }
    }
}

/// Joins the pages of `GET /jobs` (rule 5). Pure.
struct ListReader: Sendable {
    enum Next: Equatable, Sendable {
        case page(after: RemoteJobID)
        case done
    }

    /// More pages than this are not asked for: an API that pages without end shows nothing.
    static let mostPages = 200

    private let wanted: WallTime?
    private var pages = 0
    private var seen: Set<RemoteJobID> = []
    private(set) var reading = ListReading()

    /// - Parameter reachingBackTo: On the API's clock; `nil`: the first page is enough.
    init(reachingBackTo wanted: WallTime?) {
        self.wanted = wanted
    }

    mutating func add(_ page: JobList) -> Next {
        pages += 1
        let isFirst = pages == 1
        reading.staleness = max(reading.staleness, page.age)
        if isFirst { reading.isOneReply = page.hasMore == nil }
        let overlap = page.rows.prefix { seen.contains($0.id) }.count
        let new = page.rows.dropFirst(overlap)
        if !isFirst, new.contains(where: { seen.contains($0.id) }) || (new.isEmpty && overlap > 0) {
            // It does not page: this is the beginning once more. What was read so far stands, and there is more.
            return .done
        }
        if new.contains(where: { !seen.insert($0.id).inserted }) { reading.isBroken = true }
        let orderBefore = reading.order
        reading.rows += new
        if !isFirst, reading.order == .none, orderBefore != .none { reading.isBroken = true }
        reading.isWhole = page.hasMore == false
        reading.saysMore = page.hasMore == true
        guard reading.saysMore, let wanted, let last = new.last, !reading.isBroken, pages < Self.mostPages else {
            return .done
        }
        if reading.order != .oldestFirst, let reached = last.createdAt, reached < wanted { return .done }
        return .page(after: last.id)
    }
}
