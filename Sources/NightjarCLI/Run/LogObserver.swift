internal import Logging
internal import NightjarCore

/// Writes what happens in a run to the log.
struct LogObserver: RunObserver {
    let logger: Logger

    func observe(_ event: RunEvent) {
        var metadata: Logger.Metadata = [:]
        if let batch = event.batch { metadata["batch.id"] = "\(batch)" }
        func add(_ job: JobReference) {
            metadata["job.id"] = "\(job.key)"
            metadata["job.index"] = "\(job.index)"
        }
        func add(_ cause: FailureCause) {
            metadata["error.kind"] = "\(cause.kind.rawValue)"
            metadata["error.message"] = "\(cause.message)"
        }
        switch event.kind {
        case .started(let progress):
            metadata["jobs"] = "\(progress.total)"
            logger.info("batch started", metadata: metadata)
        case .submitted(let job, let id):
            add(job)
            metadata["job.remote_id"] = "\(id)"
            logger.info("job submitted", metadata: metadata)
        case .ready(let job, let id):
            add(job)
            metadata["job.remote_id"] = "\(id)"
            logger.debug("job completed at the API", metadata: metadata)
        case .done(let job, let file), .filtered(let job, let file):
            add(job)
            metadata["path"] = "\(file.path)"
            metadata["bytes"] = "\(file.bytes)"
            logger.info("image written", metadata: metadata)
        case .failed(let job, let cause):
            add(job)
            add(cause)
            logger.warning("job failed", metadata: metadata)
        case .unknown(let job, let cause):
            add(job)
            add(cause)
            logger.warning("answer lost; the job may have been billed and is held", metadata: metadata)
        case .waiting(let job, let until, let cause):
            add(job)
            add(cause)
            metadata["until"] = "\(until.rfc3339)"
            logger.info("another attempt follows", metadata: metadata)
        case .gate(let reason, let until):
            metadata["reason"] = "\(reason ?? "none")"
            if let until { metadata["until"] = "\(until.rfc3339)" }
            logger.notice(reason == nil ? "requests go on" : "requests wait", metadata: metadata)
        case .progress: break
        case .finished(let exit, let reason, _):
            metadata["exit"] = "\(exit)"
            metadata["reason"] = "\(reason)"
            logger.log(level: Self.level(exit), "run finished", metadata: metadata)
        }
    }

    /// What stopped a run is told to those who want errors only, too.
    private static func level(_ exit: Int32) -> Logger.Level {
        switch ExitCode(rawValue: exit) ?? .internalError {
        case .success, .limitReached, .timeLimit, .interrupted, .terminated: .notice
        case .someFailed, .unknownLeft: .warning
        case .internalError, .locked, .accountBlocked, .keyRefused, .usage, .manifestInvalid, .manifestUnreadable,
            .apiUnavailable, .cannotWrite, .configuration:
            .error
        }
    }
}

/// Tells several observers.
struct ObserverGroup: RunObserver {
    let members: [any RunObserver]

    func observe(_ event: RunEvent) {
        for member in members { member.observe(event) }
    }
}
