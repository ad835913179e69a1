package import NightjarCore

/// One watched folder, and what holds for what is dropped into it.
package struct InboxSettings: Equatable, Sendable {
    /// The folder.
    package var path: String
    /// Where the images of its batches go; absolute.
    package var output: String
    /// The highest priority that its batches may have, and the one of those that name none, −1000…1000; `nil`: what the
    /// manifest says.
    package var priority: Int?
    /// Its batches' share among those of one priority, at least 1.
    package var weight = 1
    /// `concurrency` and `rate` bound all its batches together; `max_jobs` and `budget` bound each of them.
    package var limits = BatchSettings.Limits()
    /// Who owns what is written for its batches: the name or the number of a group; `nil`: the process's own.
    package var group: String?
    /// Permission bits of the files that are written for its batches; folders get `x` where these have `r`. `nil`: by the
    /// umask.
    package var mode: UInt32?

    package init(path: String, output: String) {
        self.path = path
        self.output = output
    }
}
