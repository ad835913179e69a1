import NightjarCore
import NightjarTestSupport
import Testing

@testable import NightjarStore

/// Finding a job by what a person calls it, and telling all that is known of it.
@Suite(.timeLimit(.minutes(5)))
struct StoryTests {
    @Test(arguments: StoreKind.allCases) func `a job is found by its id, its key and every id of the API`(
        kind: StoreKind
    ) async throws {
        let opened = try Opened(kind)
        let store = opened.store
        let batch = try opened.takeIn([.sample("a", label: "hero"), .sample("b"), .sample("c")]).batch
        try opened.takeIn([.sample("d", label: "hero")], name: "autumn")
        let job = try await opened.claim(
            batch, then: [.submitted(RemoteJobID("old"), attempt: 1), .waiting(until: Opened.now, attempt: 1)])
        try await opened.claim(batch, then: [.submitted(RemoteJobID("new"), attempt: 2)])
        _ = try await store.noteDuplicate(RemoteJobID("double"), of: job.id, price: .zero, now: Opened.now)
        let found = { (text: String, batch: String?) in
            try await store.findJobs(text, batch: batch).map { "\($0.summary.batch)/\($0.summary.index)" }
        }
        #expect(try await found("hero", nil) == ["spring/0", "autumn/0"])
        #expect(try await found("hero", "autumn") == ["autumn/0"])
        for id in ["old", "new", "double"] { #expect(try await found(id, nil) == ["spring/0"], "\(id)") }
        #expect(try await found("old", "autumn") == [])
        let keys = try await store.jobs(of: "spring").map(\.key.description)
        #expect(try await found(keys[1], nil) == ["spring/1"])
        #expect(try await found(keys[2].uppercased(), nil) == ["spring/2"])
        for length in [1, 7, 8, 31] {
            let start = String(keys[2].prefix(length))
            #expect(
                try await found(start, "spring") == (0..<3).filter { keys[$0].hasPrefix(start) }.map { "spring/\($0)" })
        }
        for text in ["", "zz", keys[0] + "0", "wolf", "%"] { #expect(try await found(text, nil) == [], "\(text)") }
    }

    @Test(arguments: StoreKind.allCases) func `an id that looks like the beginning of a key means the id`(
        kind: StoreKind
    ) async throws {
        let opened = try Opened(kind)
        let key = PlannedJob.sample("a").identity.key(ordinal: 0).description
        try opened.takeIn([.sample("a"), .sample("b", label: String(key.prefix(4)))])
        #expect(try await opened.store.findJobs(String(key.prefix(4)), batch: nil).map(\.summary.index) == [1])
        #expect(try await opened.store.findJobs(String(key.prefix(5)), batch: nil).map(\.summary.index) == [0])
    }

    @Test(arguments: StoreKind.allCases) func `the story of a job is every submission, and what may be it`(
        kind: StoreKind
    ) async throws {
        let opened = try Opened(kind)
        let store = opened.store
        let batch = try opened.takeIn([.sample("a")]).batch
        let job = try await opened.lose(batch, .gateway)
        try await store.noteHolds([SubmissionID(job: job.id, number: 1): Hold(.candidateRunning, "1 job could be it")])
        let candidates = ["model-a", "model-b", nil].map {
            Candidate(id: RemoteJobID($0 ?? "nameless"), status: .queued, createdAt: Opened.now, model: $0)
        }
        try await store.noteCandidates(candidates)
        var story = try #require(try await store.story(of: job.id))
        #expect(
            story.submissions == [
                JobStory.Submission(
                    number: 1, attempt: 1, intentAt: Opened.now, outcome: .unknown, endedAt: Opened.now,
                    note: "cut off", loss: Loss(.gateway, "cut off"),
                    hold: Hold(.candidateRunning, "1 job could be it"), isOpen: true)
            ])
        #expect(story.candidates == [candidates[0], candidates[2]])
        #expect(story.job == (try await store.jobs()[0]) && story.dueAt == nil && !story.job.isRemoved)
        let due = Opened.now + .seconds(3)
        _ = try await opened.record(job.id, batch, from: .unknown, to: .submitted(RemoteJobID("x"), attempt: 1))
        _ = try await opened.record(job.id, batch, from: .submitted, to: .waiting(until: due, attempt: 1))
        story = try #require(try await store.story(of: job.id))
        #expect(story.dueAt == due && story.candidates.isEmpty)
        #expect(story.submissions.map(\.outcome) == [.waiting])
        #expect(try await store.story(of: JobID(99)) == nil)
    }
}
