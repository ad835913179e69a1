import NightjarCore
import NightjarTestSupport
import Testing

@testable import NightjarStore

@Suite(.timeLimit(.minutes(5)))
struct PathConflictTests {
    private func conflicts(_ opened: Opened, _ jobs: [PlannedJob], template: String) throws -> IntakeConflicts? {
        do {
            try opened.takeIn(jobs, template: template)
            return nil
        } catch let conflicts as IntakeConflicts {
            return conflicts
        }
    }

    private func place(_ line: Int) -> SourcePlace { SourcePlace(file: "sample.yaml", line: line) }

    @Test func `a path that jobs share is an error, and nothing is taken in`() async throws {
        let opened = try Opened(.memory)
        let jobs = [
            PlannedJob.sample("a", line: 4), .sample("b", line: 5), .sample("a!", line: 9), .sample("a?", line: 7),
        ]
        let found = try conflicts(opened, jobs, template: "${slug}.${ext}")
        let message = "two jobs share the path `a.png`"
        #expect(
            found
                == IntakeConflicts(
                    conflicts: [
                        IntakeConflict(message: message, place: place(7), first: place(4)),
                        IntakeConflict(message: message, place: place(9), first: place(4)),
                    ], omitted: 0))
        #expect(try await opened.store.batches().isEmpty)
        #expect(try opened.takeIn(jobs, template: "${slug}-${key}.${ext}").added == 4)
    }

    @Test func `of many conflicts the first twenty are told, in the order of the manifest`() throws {
        let opened = try Opened(.memory)
        // Three times each of 30 paths; all but the first of each are in conflict.
        let jobs = (0..<90).map { PlannedJob.sample("p \($0 % 30) \($0)", model: "m\($0 % 30)", line: $0 + 1) }
        let found = try #require(try conflicts(opened, jobs, template: "${model}.${ext}"))
        #expect(found.conflicts.map(\.place.line) == Array(31...50))
        #expect(found.conflicts.map(\.first.line) == Array(1...20))
        #expect(found.omitted == 40)
    }

    @Test func `places in several files keep their files`() throws {
        let opened = try Opened(.memory)
        var jobs = [PlannedJob.sample("a"), .sample("b"), .sample("a!")]
        jobs[0].place = SourcePlace(file: "lists/one.txt", line: 3, column: 2)
        jobs[1].place = SourcePlace(file: "two.txt", line: 1)
        jobs[2].place = SourcePlace(file: "two.txt", line: 2, column: 7)
        let found = try #require(try conflicts(opened, jobs, template: "${slug}.${ext}"))
        #expect(found.conflicts.map(\.place) == [jobs[2].place] && found.conflicts.map(\.first) == [jobs[0].place])
    }

    @Test func `jobs whose seeds were drawn again share no path`() async throws {
        let opened = try Opened(.memory)
        let taken = PlannedJob.sample("b", label: "b").identity.key(ordinal: 0).derivedSeed(draw: 0)
        // `b` would draw the seed that `a` has been given.
        try opened.takeIn(
            [.sample("a", label: "a", seed: .manifest(taken)), .sample("b", label: "b")], template: "${seed}.${ext}")
        #expect(Set(try await opened.store.jobs().map(\.request.seed)).count == 2)
    }

    @Test func `variables of the manifest tell jobs apart`() async throws {
        let opened = try Opened(.memory)
        let ink = PlannedJob.sample("a", variables: #"{"style":"ink"}"#, line: 1)
        let oil = PlannedJob.sample("b", variables: #"{"style":"oil"}"#, line: 2)
        #expect(try opened.takeIn([ink, oil], template: "${style}.${ext}").added == 2)
        let again = PlannedJob.sample("c", variables: #"{"style":"oil"}"#, line: 3)
        let found = try #require(try conflicts(opened, [ink, oil, again], template: "${style}.${ext}"))
        #expect(found.conflicts.map(\.place.line) == [3] && found.conflicts.map(\.first.line) == [2])
        #expect(try await opened.store.jobs().count == 2)
    }
}
