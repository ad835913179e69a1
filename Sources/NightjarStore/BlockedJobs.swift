internal import GRDB
internal import NightjarCore
internal import Synchronization

/// Jobs at the head of a batch's queues that other submissions of their fingerprint held up when they were last looked at:
/// so that a hundred thousand of them are not read again at each claim.
///
/// Touched only inside transactions of the one writer, which come one after another; after one that was rolled back all is
/// forgotten.
final class BlockedJobs: Sendable {
    /// A place in the order of a queue.
    struct Place: Comparable {
        /// Milliseconds; 0 in the queue of pending jobs.
        var due: Int64
        var id: Int64

        static let start = Place(due: .min, id: .min)

        static func < (left: Place, right: Place) -> Bool {
            (left.due, left.id) < (right.due, right.id)
        }
    }

    /// The head of a queue: up to `end`, every job has a fingerprint of `first`, and none of them stands before the place
    /// given there.
    struct Head {
        var end = Place.start
        var first: [Fingerprint: Place] = [:]
    }

    struct Queue: Hashable {
        var batch: BatchID
        var isWaiting: Bool
    }

    private let heads = Mutex<[Queue: Head]>([:])

    subscript(queue: Queue) -> Head {
        get { heads.withLock { $0[queue] } ?? Head() }
        set {
            // Nothing is blocked: the index finds the first job as fast.
            heads.withLock { $0[queue] = newValue.first.isEmpty ? nil : newValue }
        }
    }

    @Sendable func forgetAll() {
        heads.withLock { $0 = [:] }
    }

    /// A job that stands in a queue again may stand in its head.
    func returned(_ change: JobChange, in db: Database) throws {
        let place: Place
        let isWaiting: Bool
        switch change.to {
        case .pending: (place, isWaiting) = (Place(due: 0, id: change.job.rawValue), false)
        case .waiting(let until, _):
            (place, isWaiting) = (Place(due: until.milliseconds, id: change.job.rawValue), true)
        case .submitting, .unknown, .submitted, .ready, .done, .filtered, .failed, .cancelled: return
        }
        let queue = Queue(batch: change.batch, isWaiting: isWaiting)
        guard let end = heads.withLock({ $0[queue]?.end }), place <= end else { return }
        let find = try db.cachedStatement(
            sql: "SELECT model, seed FROM jobs JOIN parameters ON parameters.id = parameters_id WHERE jobs.id = ?")
        let row = try Row.fetchOne(find, arguments: [change.job.rawValue])
        let seed: Int64? = row?["seed"]
        heads.withLock { heads in
            guard let row, let seed else {
                heads[queue] = nil
                return
            }
            let fingerprint = Fingerprint(model: row["model"], seed: seed)
            let known = heads[queue]?.first[fingerprint] ?? place
            heads[queue]?.first[fingerprint] = min(known, place)
        }
    }
}
