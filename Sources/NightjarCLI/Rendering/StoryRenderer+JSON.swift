package import NightjarCore

extension StoryRenderer {
    /// The story as `why --json` prints it: the fields of `jobs --json`, and what else is known.
    package static func json(_ story: JobStory) -> JSONWriter {
        let parameters = story.job.request.parameters
        var line = JobsRenderer.json(story.job)
        line.add("negative_prompt", parameters.negativePrompt)
        line.add("steps", parameters.steps)
        line.add("cfg_scale", parameters.cfgScale)
        line.add("sampler", parameters.sampler)
        line.add("variables", json: story.job.variables ?? "null")
        line.add("meta", json: story.job.meta ?? "null")
        line.add("former", story.former.map(JobsRenderer.json))
        line.add("due_at", story.dueAt)
        line.add("submissions", story.submissions.map(json))
        line.add("candidates", story.candidates.map(json))
        line.add("duplicates", story.duplicates.map(json))
        line.add("held_up_by", story.seedHolder.map(json))
        return line
    }

    private static func json(_ holder: JobStory.SeedHolder) -> JSONWriter {
        var line = JSONWriter()
        line.add("key", holder.key.description)
        line.add("lost_at", holder.lostAt)
        return line
    }

    private static func json(_ submission: JobStory.Submission) -> JSONWriter {
        var line = JSONWriter()
        line.add("number", submission.number)
        line.add("attempt", submission.attempt)
        line.add("intent_at", submission.intentAt)
        line.add("outcome", submission.outcome?.rawValue)
        line.add("ended_at", submission.endedAt)
        line.add("job_id", submission.remoteID?.rawValue)
        line.add("note", submission.note)
        line.add("loss", submission.loss.map { pair("kind", $0.kind.rawValue, $0.words) })
        line.add("hold", submission.hold.map { pair("reason", $0.reason.rawValue, $0.words) })
        line.add("open", submission.isOpen)
        return line
    }

    private static func pair(_ name: String, _ value: String, _ message: String) -> JSONWriter {
        var line = JSONWriter()
        line.add(name, value)
        line.add("message", message)
        return line
    }

    private static func json(_ candidate: Candidate) -> JSONWriter {
        var line = JSONWriter()
        line.add("job_id", candidate.id.rawValue)
        line.add("status", candidate.status.words)
        line.add("created_at", candidate.createdAt)
        line.add("model", candidate.model)
        line.add("read", candidate.isRead)
        switch candidate.seed {
        case nil: line.add("seed", String?.none)
        case .integer(let value): line.add("seed", value)
        case .number(let value): line.add("seed", value)
        case .text(let text): line.add("seed", text)
        }
        return line
    }

    private static func json(_ duplicate: Duplicate) -> JSONWriter {
        var line = JSONWriter()
        line.add("job_id", duplicate.id.rawValue)
        line.add("noticed_at", duplicate.noticedAt)
        line.add("path", duplicate.path)
        line.add("note", duplicate.note)
        return line
    }
}
