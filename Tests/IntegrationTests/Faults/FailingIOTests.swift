import Foundation
import NightjarTestSupport
import Testing

/// Whatever call to the disk fails, and whether once or from then on: the run ends by itself and says so, nothing half
/// written is seen, and the next run makes everything good without paying twice.
///
/// With `NIGHTJAR_LONG=1` every call is tried in every way, otherwise a sample.
struct FailingIOTests {
    private static let isLong = ProcessInfo.processInfo.environment["NIGHTJAR_LONG"] == "1"
    private static let prompts = ["one", "two", "three"]

    private static let quick: [String: String?] = [
        "NIGHTJAR_TIMEOUT": "2s", "NIGHTJAR_SETTLE": "1s", "NIGHTJAR_UNKNOWN_WAIT": "20s", "NIGHTJAR_PILOT": "0",
        "NIGHTJAR_MIN_FREE": "0",
    ]

    @Test(arguments: FailingIO.Call.allCases)
    func `a run whose n-th call to the disk fails ends by itself and loses nothing`(_ call: FailingIO.Call) async throws
    {
        let library = try await FailingIO()
        let count = try await count(call, library)
        try #require(count > 0)
        let plans = Self.plans(call, count)
        let exits = try await withThrowingTaskGroup(of: Int32.self) { group in
            for plan in plans { group.addTask { try await Self.check(plan, library) } }
            return try await group.reduce(into: [:]) { $0[$1, default: 0] += 1 }
        }
        print("\(call) fails, n of 1…\(count): \(Set(plans.map(\.number)).sorted()); runs by exit: \(exits)")
        #expect(exits[73, default: 0] > 0)
    }

    /// All of the first 20 calls, and of the others about as many.
    private static func plans(_ call: FailingIO.Call, _ count: Int) -> [FailingIO.Plan] {
        var numbers = Array(1...count)
        if isLong {
            return numbers.flatMap { number in
                FailingIO.Fault.allCases.flatMap { fault in
                    [false, true].map { FailingIO.Plan(call: call, number: number, isLasting: $0, fault: fault) }
                }
            }
        }
        if count > 40 { numbers = Array(1...20) + stride(from: 21, through: count, by: max(1, (count - 20) / 16)) }
        return numbers.flatMap { number in
            [false, true].map { isLasting in
                FailingIO.Plan(
                    call: call, number: number, isLasting: isLasting,
                    fault: number.isMultiple(of: 2) == isLasting ? .noSpace : .device)
            }
        }
    }

    /// How many calls an undisturbed run makes.
    private func count(_ call: FailingIO.Call, _ library: FailingIO) async throws -> Int {
        let none = FailingIO.Plan(call: call, number: 1_000_000, isLasting: false, fault: .device)
        var count = 0
        try await Workbench.use { bench in
            let server = try await bench.faultServer(#"{"job_time": 0.05}"#)
            let ending = try await Self.run(bench, server, library.environment(none, report: bench.path("report")))
            #expect(ending.exit == 0, "\(ending)")
            count = Int(try bench.read("report").trimmingCharacters(in: .whitespacesAndNewlines)) ?? 0
        }
        return count
    }

    private static func run(
        _ bench: Workbench, _ server: FaultServer, _ environment: [String: String?] = [:]
    ) async throws -> Ending {
        let manifest = try bench.manifest(prompts, more: "output: {sidecar: [json, txt]}")
        return try await bench.startRun(
            manifest, at: server.baseURL, "--rate", "50", "--progress", "json",
            environment: quick.merging(environment) { _, new in new }
        ).end(within: 60)
    }

    /// - Returns: How the disturbed run ended.
    private static func check(_ plan: FailingIO.Plan, _ library: FailingIO) async throws -> Int32 {
        var exit: Int32 = 0
        try await Workbench.use { bench in
            let server = try await bench.faultServer(#"{"job_time": 0.05}"#)
            let disturbed = try await run(bench, server, library.environment(plan))
            exit = try #require(disturbed.exit, "\(plan): \(disturbed)")
            #expect([0, 73, 9].contains(exit), "\(plan): \(disturbed)")
            if exit == 73 { #expect(disturbed.errors.contains("cannot"), "\(plan): \(disturbed)") }
            if exit == 9 { #expect(disturbed.errors.contains("answer lost"), "\(plan): \(disturbed)") }
            for name in bench.files("output/batch") where name.hasSuffix(".png") {
                let image = try Data(contentsOf: bench.folder.url.appending(path: "output/batch/\(name)"))
                #expect(image.suffix(8) == Data("IEND".utf8) + [0xAE, 0x42, 0x60, 0x82], "\(plan): \(name)")
            }
            let last = try await run(bench, server)
            #expect(last.exit == 0, "\(plan): \(last)\nafter \(disturbed)")
            let totals = try server.ledger().totals
            #expect(totals.accepted == prompts.count, "\(plan): \(last)\nafter \(disturbed)")
            #expect(totals.duplicates_accepted == 0, "\(plan)")
            try await bench.expectWhole(done: prompts.count)
        }
        return exit
    }
}
