internal import NightjarCore

extension Reconciler {
    /// The intent is durable, and the submission is about to leave.
    /// - Throws: Where section 9 is violated: 1 (a number twice), 4 (the fingerprint has an open window), 2 (a resubmission
    ///   without two lists of its own).
    mutating func began(_ submission: OpenSubmission) throws(InvariantViolation) {
        note(submission.intent)
        let id = submission.id
        let name = "submission \(id.number) of job \(id.job.rawValue)"
        if let job = jobs[id.job] {
            if let newest = job.submissions.last, newest.id.number >= id.number {
                throw InvariantViolation("\(name) begins, but submission \(newest.id.number) is open already")
            }
            if job.submissions.contains(where: { $0.lost == nil }) && job.state == .submitting {
                throw InvariantViolation("\(name) begins while another of the same job is out")
            }
        }
        if let fingerprint = submission.request.fingerprint,
            isTaken(fingerprint, forOthersThan: id.job, at: submission.intent)
        {
            throw InvariantViolation(
                "\(name) begins while another job of its model and seed \(fingerprint.seed) has an open window")
        }
        if let job = jobs[id.job] {
            switch job.state {
            case .unknown:
                try checkEvidence(of: job, at: submission.intent, name)
                startedAgain(submission, at: submission.intent)
            case .cancelled:
                throw InvariantViolation("\(name) begins, but the job is cancelled and an earlier one is lost")
            case .pending, .waiting, .submitting, .submitted, .ready, .done, .failed, .filtered: break
            }
            for index in job.submissions.indices {
                jobs[id.job]?.submissions[index].isReplaced = true
                // Used up, as in the state: if this one is turned away, two new lists are wanted.
                jobs[id.job]?.submissions[index].firstCounted = nil
            }
        }
        insert(submission)
        jobs[id.job]?.state = .submitting
        jobs[id.job]?.lastCounted = nil
        jobs[id.job]?.objection = nil
        jobs[id.job]?.adoption = nil
        jobs[id.job]?.wasTurnedAway = false
    }

    /// Section 9.2.
    private func checkEvidence(of job: OpenJob, at now: Moment, _ name: String) throws(InvariantViolation) {
        guard let lost = job.current, let first = lost.firstCounted, let second = job.lastCounted,
            let loss = lost.lost
        else { throw InvariantViolation("\(name) begins without two lists that show the one before absent") }
        let between = second.since(first) ?? .zero
        if between < settings.gap {
            throw InvariantViolation("\(name) begins on two lists only \(between.spoken) apart")
        }
        // Over a restart of the machine the first list cannot be compared with the loss; it was when it counted.
        if first.bootID == loss.at.bootID, let after = first.since(loss.at), after < settings.settle {
            throw InvariantViolation("\(name) begins on a list asked for \(after.spoken) after the loss")
        }
        if elapsed(since: second, at: now) > settings.freshness {
            throw InvariantViolation("\(name) begins on a list that is no longer fresh")
        }
    }

    /// An answer with an id, in time or late, also to a submission that was replaced.
    mutating func accepted(_ id: SubmissionID, as remote: RemoteJobID, at moment: Moment) {
        note(moment)
        settle(remote)
        remember(own: remote, Own(at: moment, model: jobs[id.job]?.model))
        guard let job = jobs[id.job], job.index(of: id) != nil else { return }
        if canaries[job.model]?.submission.job == id.job { canaries[job.model]?.remote = remote }
        if job.isUnresolved { jobs[id.job]?.state = .submitted }
        remove(id)
    }

    /// Certainly not accepted: turned away, rejected, or not sent.
    mutating func ended(_ id: SubmissionID) {
        guard let job = jobs[id.job], job.index(of: id) != nil else { return }
        endCanary(of: id)
        remove(id)
        guard job.state == .submitting, var left = jobs[id.job], let last = left.submissions.last else { return }
        // Evidence shows the one before absent, and this one was not accepted: that one is the job's again. Where a person
        // wanted another whatever became of it, it stays replaced.
        if left.replacedByPerson {
            left.state = .pending
        } else if last.lost != nil, left.wasUnknown {
            left.submissions[left.submissions.count - 1].isReplaced = false
            left.state = .unknown
            left.wasTurnedAway = true
        } else {
            left.state = .pending
        }
        jobs[id.job] = left
    }

    /// The answer was given up.
    /// - Throws: Where the submission was lost at another moment already (section 9.5).
    mutating func lost(_ id: SubmissionID, _ lost: OpenSubmission.Lost) throws(InvariantViolation) {
        note(lost.at)
        guard let job = jobs[id.job], let index = job.index(of: id) else { return }
        if let before = job.submissions[index].lost {
            guard before.at == lost.at else {
                throw InvariantViolation(
                    "submission \(id.number) of job \(id.job.rawValue) is lost for a second time")
            }
            return
        }
        jobs[id.job]?.submissions[index].lost = lost
        if index == job.submissions.count - 1, job.state == .submitting { jobs[id.job]?.state = .unknown }
    }

    /// The job's state has changed: by a person, or since an adoption was recorded, or it has ended.
    mutating func moved(_ id: JobID, to state: JobState) {
        guard var job = jobs[id] else { return }
        let before = job.state
        switch state {
        case .pending, .waiting:
            if job.wasTurnedAway {
                job.wasTurnedAway = false
            } else if before == .unknown || before == .cancelled {
                // A person wants another one, whatever became of those before.
                for index in job.submissions.indices { job.submissions[index].isReplaced = true }
                job.replacedByPerson = true
                job.state = state
            } else if before != .submitting {
                job.state = state
            }
        case .submitting, .unknown, .submitted, .ready, .done, .failed, .filtered, .cancelled:
            job.state = state
            job.wasTurnedAway = false
        }
        jobs[id] = job
        if job.state != .unknown, job.state != .submitting { settleCanary(of: job) }
        guard before == .unknown, state == .submitted || state == .ready else { return }
        if let (submission, remote) = job.adoption {
            settle(remote)
            remove(submission)
        } else if job.submissions.count == 1, let only = job.submissions.first, only.lost != nil {
            // A person has said which job of the API it is.
            remove(only.id)
        }
    }

    /// A job of ours was seen to be COMPLETED: what the API does with seeds (rule 11), and how long its model takes.
    mutating func learned(from job: RemoteJob, of request: ImageRequest, took: Duration?) {
        guard case .completed = job.status else { return }
        let model = request.parameters.model
        var known = knowledge.models[model] ?? APIKnowledge.Model()
        known.learn(from: job, of: request)
        known.longest = max(known.longest, took ?? .zero)
        knowledge.models[model] = known
    }
}
