/// A moment as it survives a restart: on the machine's boot clock, and on the API's own clock where that is known.
///
/// Spans are measured on the boot clock, which counts sleep and that no one sets; moments are compared with what the API
/// says (`created_at`) on the API's clock. The wall clock decides nothing.
package struct Moment: Hashable, Sendable, Codable {
    /// Milliseconds since the machine started.
    package var boot: Int64
    /// Which start of the machine: the boot clocks of two of them cannot be compared. Empty where it is not known, which
    /// equals none.
    package var bootID: String
    /// By the API's `Date`, moved on by the boot clock; `nil` before the API has told its time.
    package var api: WallTime?

    package init(boot: Int64, bootID: String, api: WallTime?) {
        self.boot = boot
        self.bootID = bootID
        self.api = api
    }

    /// The time since `earlier`; negative where that is later, `nil` where nothing relates the two: another start of the
    /// machine, and an API that has not told its time.
    package func since(_ earlier: Moment) -> Duration? {
        if bootID == earlier.bootID, !bootID.isEmpty { return .milliseconds(boot - earlier.boot) }
        guard let api, let before = earlier.api else { return nil }
        return api - before
    }
}
