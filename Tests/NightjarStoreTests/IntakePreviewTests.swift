import Foundation
import GRDB
import NightjarCore
import NightjarTestSupport
import Testing

@testable import NightjarStore

@Suite(.timeLimit(.minutes(5)))
struct IntakePreviewTests {
    private static let file = OutputFile(path: "spring/a.png", sha256: "00", bytes: 3, width: 2, height: 1)

    private func preview(
        _ jobs: [PlannedJob], of store: SQLiteStore?, digest: String = "new", changed: ChangedJobs = .keep,
        template: String? = nil
    ) throws -> IntakePreview {
        var settings = BatchSettings(name: "spring")
        if let template { settings.pathTemplate = template }
        return try IntakePreview.make(settings, digest: digest, changed: changed, known: store, now: Opened.now) {
            add in
            for job in jobs { try add(job) }
        }
    }

    private func list(_ preview: IntakePreview) throws -> [PreviewedJob] {
        var jobs: [PreviewedJob] = []
        try preview.forEachJob { jobs.append($0) }
        return jobs
    }

    @Test func `without a state all jobs are new, with the seeds that they will have`() async throws {
        let jobs = ["a", "b", "a"].map { PlannedJob.sample($0, meta: #"{"m":1}"#, variables: #"{"x":"y"}"#) }
        let preview = try preview(jobs, of: nil)
        let opened = try Opened(.memory)
        try opened.takeIn(jobs)
        let taken = try await opened.store.jobs()
        let listed = try list(preview)
        #expect(listed.map(\.index) == [0, 1, 2] && listed.allSatisfy { $0.change == .new && $0.state == .pending })
        #expect(listed.map(\.key) == taken.map(\.key) && listed.map(\.request) == taken.map(\.request))
        #expect(listed.map(\.meta) == taken.map(\.meta) && listed.map(\.variables) == taken.map(\.variables))
        #expect(preview.intake.added == 3)
        #expect(try preview.counts() == [.new: 3])
        let parameters = try #require(jobs.first?.parameters)
        #expect(try preview.toSubmit() == [IntakePreview.Group(parameters: parameters, jobs: 3)])
    }

    @Test func `an edit says what it changes`() async throws {
        let opened = try Opened(.memory)
        let batch = try opened.takeIn([
            .sample("a"), .sample("b"), .sample("c"), .sample("d", label: "d"), .sample("e", label: "e"), .sample("f"),
        ]).batch
        try await opened.claim(batch, then: [.submitted(RemoteJobID("1"), attempt: 1), .done(Self.file)])
        // Removed by an edit before this one: no news.
        try opened.takeIn([
            .sample("a"), .sample("b"), .sample("c"), .sample("d", label: "d"), .sample("e", label: "e"),
        ])
        let preview = try preview(
            [
                .sample("a"), .sample("c"), .sample("d2", label: "d", model: "model-b"), .sample("e", label: "e"),
                .sample("g"),
            ],
            of: opened.store)
        let jobs = try list(preview)
        #expect(jobs.map(\.request.prompt) == ["a", "b", "c", "d2", "e", "g"])
        #expect(jobs.map(\.change) == [.done, .removed, .kept, .changed, .kept, .new])
        #expect(jobs.map(\.state) == [.done, .cancelled, .pending, .pending, .pending, .pending])
        #expect(jobs.map(\.index) == [0, 1, 2, 3, 4, 6])
        #expect(jobs.map(\.path) == ["spring/a.png", nil, nil, nil, nil, nil])
        #expect(try preview.counts() == [.done: 1, .removed: 1, .kept: 2, .changed: 1, .new: 1])
        #expect(try preview.toSubmit().map(\.jobs) == [3, 1])
        #expect(try preview.toSubmit().map(\.parameters.model) == ["model-a", "model-b"])
        #expect(try await opened.store.jobs().count == 6)
    }

    @Test func `what is made anew is shown once, and what is taken back is not to be submitted`() async throws {
        let opened = try Opened(.memory)
        let batch = try opened.takeIn([.sample("a", label: "one"), .sample("b")]).batch
        try await opened.claim(batch, then: [.submitted(RemoteJobID("1"), attempt: 1), .done(Self.file)])
        let edit = [PlannedJob.sample("c", label: "one"), .sample("b")]
        let first = try preview(edit, of: opened.store, changed: .redo)
        #expect(first.intake.redone == 1)
        #expect(try list(first).map(\.request.prompt) == ["c", "b"])
        #expect(try list(first).map(\.change) == [.changed, .kept])
        #expect(try first.counts() == [.changed: 1, .kept: 1])
        #expect(try first.toSubmit().map(\.jobs) == [2])
        _ = try opened.store.takeIn(
            BatchSettings(name: "spring"), edit, digest: "2", changed: .redo, now: Opened.now)
        #expect(try list(preview(edit, of: opened.store, digest: "2")).map(\.request.prompt) == ["c", "b"])
        let back = try preview([.sample("a", label: "one"), .sample("b")], of: opened.store)
        #expect(back.intake.restored == 1)
        #expect(try list(back).map(\.change) == [.done, .kept])
        #expect(try list(back).map(\.path) == ["spring/a.png", nil])
        #expect(try back.toSubmit().map(\.jobs) == [1])
    }

    @Test func `jobs that failed count where they are to be taken up again`() async throws {
        let opened = try Opened(.memory)
        let jobs = [PlannedJob.sample("a"), .sample("b"), .sample("c")]
        let batch = try opened.takeIn(jobs, digest: "1").batch
        try await opened.claim(batch, then: [.failed(FailureCause(.rejected, "no"))])
        try await opened.claim(
            batch, then: [.submitted(RemoteJobID("1"), attempt: 1), .failed(FailureCause(.timeout, "slow"))])
        func preview(_ retriesFailed: Bool, _ digest: String) throws -> IntakePreview {
            try IntakePreview.make(
                BatchSettings(name: "spring"), digest: digest, changed: .keep, retriesFailed: retriesFailed,
                known: opened.store, now: Opened.now
            ) { add in
                for job in jobs { try add(job) }
            }
        }
        for digest in ["1", "2"] {
            let without = try preview(false, digest)
            #expect(try without.retried == 0 && without.toSubmit().map(\.jobs) == [1])
            // Of the second one the old job is asked for; only the first is submitted again.
            let with = try preview(true, digest)
            #expect(try with.retried == 2 && with.toSubmit().map(\.jobs) == [2])
            #expect(try list(with).map(\.state) == [.pending, .submitted, .pending])
        }
        #expect(try await opened.store.jobs().map(\.state) == [.failed, .failed, .pending])
    }

    @Test func `an unchanged manifest lists its jobs, and is not expanded`() async throws {
        let opened = try Opened(.memory)
        try opened.takeIn([.sample("a"), .sample("b")], digest: "1")
        let batch = try opened.takeIn([.sample("b"), .sample("c")], digest: "2").batch
        try await opened.claim(batch, then: [.submitted(RemoteJobID("1"), attempt: 1), .done(Self.file)])
        let preview = try IntakePreview.make(
            BatchSettings(name: "spring"), digest: "2", changed: .keep, known: opened.store, now: Opened.now
        ) { _ in
            Issue.record("expanded")
        }
        #expect(preview.intake.total == 2 && preview.intake.kept == 2)
        let jobs = try list(preview)
        #expect(jobs.map(\.request.prompt) == ["b", "c"] && jobs.map(\.change) == [.done, .kept])
        #expect(try preview.counts() == [.done: 1, .kept: 1])
        #expect(try preview.toSubmit().map(\.jobs) == [1])
    }

    @Test func `conflicts of paths and errors of the expansion are told`() async throws {
        struct Broken: Error {}
        let opened = try Opened(.memory)
        try opened.takeIn([.sample("a")])
        #expect(throws: IntakeConflicts.self) {
            try preview([.sample("a"), .sample("a!")], of: opened.store, template: "${slug}.${ext}")
        }
        #expect(throws: Broken.self) {
            try IntakePreview.make(
                BatchSettings(name: "spring"), digest: "2", changed: .keep, known: opened.store, now: Opened.now
            ) { add in
                try add(.sample("b"))
                throw Broken()
            }
        }
        #expect(try await opened.store.jobs().map(\.state) == [.pending])
    }

    @Test func `a preview of any edit is what taking it in then does, and the state's file stays as it is`()
        async throws
    {
        var random = SeededGenerator()
        print(random)
        let opened = try Opened(.file)
        let path = opened.folder.path("state/state.sqlite3")
        // Others in the same state are none of its business.
        try opened.takeIn((0..<30).map { PlannedJob.sample("p \($0)") }, name: "other")
        for edit in 0..<25 {
            let jobs = edited(&random)
            let changed: ChangedJobs = Bool.random(using: &random) ? .redo : .keep
            let before = try Data(contentsOf: URL(fileURLWithPath: path))
            // A run holds the state.
            let reader = try #require(try SQLiteStore.openForReading(path: path))
            let preview = try preview(jobs, of: reader, digest: "\(edit)", changed: changed)
            let listed = try list(preview)
            #expect(try Data(contentsOf: URL(fileURLWithPath: path)) == before, "\(random)")
            let known = try await opened.store.jobs(of: "spring")
            let intake = try opened.store.takeIn(
                BatchSettings(name: "spring"), jobs, digest: "\(edit)", changed: changed)
            var previewed = preview.intake
            previewed.batch = intake.batch
            #expect(previewed == intake, "\(random)")
            try await compare(listed, with: opened, known: known, intake: intake, random)
            try await opened.store.checkInvariants()
            try await runSome(opened, intake.batch, edit, &random)
        }
    }

    private func edited(_ random: inout SeededGenerator) -> [PlannedJob] {
        var labels: Set<Int> = []
        return (0..<Int.random(in: 1...60, using: &random)).compactMap { _ in
            let number = Int.random(in: 0..<40, using: &random)
            let isLabelled = number % 2 == 0
            if isLabelled, !labels.insert(number).inserted { return nil }
            return PlannedJob.sample(
                isLabelled ? "p \(number) \(Int.random(in: 0...1, using: &random))" : "p \(number)",
                label: isLabelled ? "l \(number)" : nil, model: "model-\(number % 3)",
                seed: number % 9 == 0 ? .server : number % 5 == 0 ? .manifest(Int64(number)) : .derived)
        }
    }

    private func compare(
        _ listed: [PreviewedJob], with opened: Opened, known: [JobSummary], intake: Intake, _ random: SeededGenerator
    ) async throws {
        let removed = try await opened.store.read { db in
            try Set(
                Int.fetchAll(
                    db, sql: "SELECT idx FROM jobs WHERE batch_id = ? AND removed", arguments: [intake.batch.rawValue]))
        }
        let taken = try await opened.store.jobs(of: "spring")
        let before = Dictionary(uniqueKeysWithValues: known.map { ($0.index, $0) })
        // What a person has cancelled is not marked when it is named no more.
        let named = Set(taken.filter { !removed.contains($0.index) && $0.state != .cancelled }.map(\.index))
        let shown = listed.filter { $0.change != .removed && $0.state != .cancelled }
        #expect(Set(shown.map(\.index)) == named, "\(random)")
        #expect(listed.count { $0.change != .removed } == intake.total, "\(random)")
        #expect(listed.map(\.index) == listed.map(\.index).sorted(), "\(random)")
        let after = Dictionary(uniqueKeysWithValues: taken.map { ($0.index, $0) })
        var restored = 0
        for job in listed {
            let real = try #require(after[job.index])
            #expect(job.key == real.key && job.label == real.label && job.state == real.state, "\(random)")
            #expect(job.path == real.file?.path && job.variables == real.variables, "\(random)")
            // A list of jobs shows the seed of the result where the API chose.
            var request = job.request
            request.seed = request.seed ?? real.request.seed
            #expect(request == real.request, "\(random)")
            #expect((job.change == .new) == (before[job.index] == nil), "\(random)")
            if job.change == .removed { #expect(removed.contains(job.index), "\(random)") }
            guard job.change == .kept || job.change == .done else { continue }
            let isSame = before[job.index]?.request.prompt == job.request.prompt
            // What was made before an edit, which is taken back.
            let isRestored = known.contains {
                $0.isRemoved && $0.label == job.label && $0.request.prompt == job.request.prompt
                    && $0.file?.path == job.path
            }
            #expect(isSame || isRestored, "\(random)")
            if !isSame { restored += 1 }
        }
        #expect(restored <= intake.restored, "\(random)")
        func count(_ change: PreviewedJob.Change) -> Int { listed.count { $0.change == change } }
        #expect(count(.new) == intake.added && count(.removed) == intake.removed, "\(random)")
        #expect(count(.changed) == intake.changed + intake.redone + intake.replaced, "\(random)")
    }

    private func runSome(_ opened: Opened, _ batch: BatchID, _ edit: Int, _ random: inout SeededGenerator) async throws
    {
        for (place, job) in try await opened.store.claim(10, of: batch, now: Opened.now).enumerated() {
            let id = RemoteJobID("\(edit)-\(place)")
            let file = OutputFile(path: "spring/\(edit)-\(place).png", sha256: "00", bytes: 3, width: 2, height: 1)
            let ways: [[JobLifecycle.State]] = [
                [], [.pending(attempt: 0)], [.submitted(id, attempt: 1)], [.failed(FailureCause(.rejected, "no"))],
                [.submitted(id, attempt: 1), .done(file)], [.submitted(id, attempt: 1), .filtered(file)],
                [.submitted(id, attempt: 1), .failed(FailureCause(.timeout, ""))], [.cancelled],
                [.submitted(id, attempt: 1), .waiting(until: Opened.now + .seconds(60), attempt: 1)],
                [.unknown(attempt: 1, FailureCause(.lost, "cut"))],
            ]
            var from = JobState.submitting
            for state in ways[Int.random(in: 0..<ways.count, using: &random)] {
                _ = try await opened.record(job.id, batch, from: from, to: state)
                from = state.name
            }
        }
    }

    @Test(arguments: ["1", "2"])
    func `a state of an older version is previewed without being migrated`(version: String) throws {
        let folder = try TemporaryFolder()
        let path = folder.path("state.sqlite3")
        let queue = try DatabaseQueue(path: path)
        try Migrations.migrator.migrate(queue, upTo: version)
        try queue.write { db in
            try db.execute(
                sql: """
                    INSERT INTO batches(id, name, settings, next_index, created_at_ms, updated_at_ms)
                        VALUES (3, 'spring', '{}', 2, 1, 1);
                    INSERT INTO parameters(id, digest, model) VALUES (1, x'00', 'model-a');
                    """)
            for (index, state) in ["unknown", "done"].enumerated() {
                let key = JobIdentity(label: "l \(index)").key(ordinal: 0)
                try db.execute(
                    sql: """
                        INSERT INTO jobs(id, batch_id, idx, key, label, state, parameters_id, prompt, seed, submissions,
                            created_at_ms, updated_at_ms)
                        VALUES (?1 + 10, 3, ?1, ?2, 'l ' || ?1, ?3, 1, 'old', 5, 1, 1, 1);
                        """, arguments: [index, Data(key.bytes), state])
                try db.execute(
                    sql: "INSERT INTO submissions(job_id, number, attempt, intent_at_ms) VALUES (?, 1, 1, 1)",
                    arguments: [index + 10])
            }
            if version == "2" { try db.execute(sql: "UPDATE submissions SET is_open = 1 WHERE job_id = 10") }
        }
        let reader = try #require(try SQLiteStore.openForReading(path: path))
        let preview = try preview(
            [.sample("new", label: "l 0"), .sample("new", label: "l 1"), .sample("x")], of: reader, changed: .redo)
        #expect(preview.intake.changed == 1 && preview.intake.redone == 1 && preview.intake.added == 1)
        #expect(try list(preview).map(\.state) == [.unknown, .pending, .pending])
        #expect(try list(preview).map(\.request.prompt) == ["old", "new", "x"])
        #expect(try queue.read { try Migrations.migrator.appliedMigrations($0) }.last == version)
    }
}
