import NightjarCore
import Testing

@testable import NightjarRunner

/// Rule 5, and the API's clock.
struct ListReaderTests {
    private func page(_ times: ClosedRange<Int64>, hasMore: Bool?, age: Duration = .zero) -> JobList {
        let rows = times.reversed().map { time in
            JobList.Row(
                id: RemoteJobID("\(time)"), status: .queued, createdAt: WallTime(milliseconds: time * 10_000),
                model: "m")
        }
        return JobList(rows: rows, hasMore: hasMore, age: age)
    }

    @Test func `pages are followed back to the moment wanted`() {
        var reader = ListReader(reachingBackTo: WallTime(milliseconds: 150_000))
        #expect(reader.add(page(21...30, hasMore: true)) == .page(after: "21"))
        // Rows have come in between: pages overlap.
        #expect(reader.add(page(14...23, hasMore: true, age: .seconds(40))) == .done)
        #expect(reader.reading.rows.map(\.id.rawValue) == (14...30).reversed().map { "\($0)" })
        #expect(!reader.reading.isWhole && reader.reading.saysMore && !reader.reading.isBroken)
        #expect(reader.reading.staleness == .seconds(40))
    }

    @Test func `the last page makes it whole`() {
        var reader = ListReader(reachingBackTo: WallTime(milliseconds: 0))
        #expect(reader.add(page(21...30, hasMore: true)) == .page(after: "21"))
        #expect(reader.add(page(11...20, hasMore: false)) == .done)
        #expect(reader.reading.isWhole)
    }

    @Test(arguments: [21...30, 22...31, 21...29] as [ClosedRange<Int64>])
    func `a page that begins once more means that the API does not page`(second: ClosedRange<Int64>) {
        var reader = ListReader(reachingBackTo: WallTime(milliseconds: 0))
        #expect(reader.add(page(21...30, hasMore: true)) == .page(after: "21"))
        #expect(reader.add(page(second, hasMore: true)) == .done)
        #expect(reader.reading.rows.count == 10)
        #expect(!reader.reading.isWhole && reader.reading.saysMore)
    }

    @Test func `without a moment wanted the first page is enough`() {
        var reader = ListReader(reachingBackTo: nil)
        #expect(reader.add(page(21...30, hasMore: true)) == .done)
        var other = ListReader(reachingBackTo: WallTime(milliseconds: 0))
        #expect(other.add(page(21...30, hasMore: nil)) == .done)
        #expect(other.reading.isOneReply)
    }

    @Test func `pages in no order do not join`() {
        var reader = ListReader(reachingBackTo: WallTime(milliseconds: 0))
        _ = reader.add(page(21...30, hasMore: true))
        #expect(reader.add(page(41...50, hasMore: true)) == .done)
        #expect(reader.reading.isBroken)
    }

    @Test func `the API's clock is measured by the sharpest round trip, and measured anew when it was set`() {
        var clock = APIClock(bootID: "boot")
        #expect(clock.moment(at: .seconds(5)).api == nil)
        clock.observe(date: WallTime(milliseconds: 1_000_000), sent: .seconds(100), received: .seconds(104))
        #expect(clock.uncertainty == .seconds(3))
        #expect(clock.moment(at: .seconds(102)).api == WallTime(milliseconds: 1_000_500))
        clock.observe(date: WallTime(milliseconds: 1_010_000), sent: .seconds(112), received: .seconds(112))
        #expect(clock.uncertainty == .seconds(1))
        #expect(clock.moment(at: .seconds(112)).api == WallTime(milliseconds: 1_010_500))
        clock.observe(date: WallTime(milliseconds: 1_049_000), sent: .seconds(120), received: .seconds(122))
        #expect(clock.moment(at: .seconds(121)).api == WallTime(milliseconds: 1_049_500))
        clock.resume(from: Moment(boot: 0, bootID: "boot", api: WallTime(milliseconds: 0)))
        #expect(clock.moment(at: .seconds(121)).api == WallTime(milliseconds: 1_049_500))
    }
}
