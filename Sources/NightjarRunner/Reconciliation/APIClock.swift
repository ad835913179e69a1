internal import NightjarCore

/// The API's clock, measured from `Date` headers and moved on by the boot clock. Pure.
///
/// One measurement is kept until a sharper one comes, or one that it contradicts: the API's clock was set, or has drifted.
struct APIClock: Sendable {
    private struct Offset {
        /// The API's time less the boot clock's, in milliseconds, lies in here.
        var least: Int64
        var most: Int64

        var middle: Int64 { least + (most - least) / 2 }
        var width: Int64 { most - least }
    }

    private let bootID: String
    private var offset: Offset?
    /// How far `moment(at:)` may be off: half the round trip, and a second since `Date` has no parts of one.
    private(set) var uncertainty: Duration = .zero

    init(bootID: String) {
        self.bootID = bootID
    }

    /// - Parameters:
    ///   - date: `Date` of a reply, moved on by its `Age`.
    ///   - sent: When its request left, as from `Timekeeper.now`.
    ///   - received: When its head was there.
    mutating func observe(date: WallTime, sent: Duration, received: Duration) {
        // The reply was made between `sent` and `received`, and within the second that `date` names.
        let seen = Offset(
            least: date.milliseconds - max(received, sent).milliseconds,
            most: date.milliseconds + 1000 - sent.milliseconds)
        if let offset, offset.width <= seen.width, seen.least <= offset.most, offset.least <= seen.most { return }
        offset = seen
        uncertainty = max(received - sent, .zero) / 2 + .seconds(1)
    }

    /// Goes on from a moment that an earlier process noted, until the API tells its time: a loss that is found at the start
    /// then has a time on the API's clock, which a restart of the machine does not take from it.
    mutating func resume(from moment: Moment) {
        guard offset == nil, moment.bootID == bootID, let api = moment.api else { return }
        let middle = api.milliseconds - moment.boot
        offset = Offset(least: middle - 5_000, most: middle + 5_000)
        uncertainty = .seconds(5)
    }

    /// - Parameter now: As from `Timekeeper.now`.
    func moment(at now: Duration) -> Moment {
        Moment(
            boot: now.milliseconds, bootID: bootID,
            api: offset.map { WallTime(milliseconds: now.milliseconds + $0.middle) })
    }
}
