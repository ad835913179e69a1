import NightjarCore
import NightjarManifest
import NightjarTestSupport
import Testing

struct SettingsTests {
    private func settings(_ text: String) throws -> BatchSettings {
        let folder = try TemporaryFolder()
        let batches = try load("version: 1\nname: a.B_9-x\ndefaults: {model: m}\nprompts: [a]\n" + text, in: folder)
        return try #require(batches.first).settings
    }

    @Test func `what is not said has its default`() throws {
        #expect(try settings("") == BatchSettings(name: "a.B_9-x"))
    }

    @Test func `output, limits and retry are read`() throws {
        let found = try settings(
            """
            output: {path: "${batch}/${key}.${ext}", sidecar: [txt, json, txt]}
            limits: {concurrency: 4, rate: 60/min, max_jobs: 0, budget: 20.00}
            retry: {attempts: 5, job_timeout: 1h30m}
            """)
        #expect(found.pathTemplate == "${batch}/${key}.${ext}")
        #expect(found.sidecars == [.txt, .json])
        #expect(
            found.limits
                == BatchSettings.Limits(
                    concurrency: 4, rate: Rate(requests: 60, per: .minute), maxJobs: 0,
                    budget: Money(micros: 20_000_000)))
        #expect(found.retry == BatchSettings.Retry(attempts: 5, jobTimeout: .seconds(5400)))
    }

    @Test func `a number is a rate, an amount and a duration too`() throws {
        let found = try settings(
            "limits: {rate: 5, budget: \"0.0035\"}\nretry: {job_timeout: 90}\noutput: {sidecar: json}\n")
        #expect(found.limits.rate == Rate(requests: 5, per: .second))
        #expect(found.limits.budget == Money(micros: 3500))
        #expect(found.retry.jobTimeout == .seconds(90))
        #expect(found.sidecars == [.json])
    }

    @Test func `the digest follows the bytes`() throws {
        let folder = try TemporaryFolder()
        let text = "version: 1\nname: a\ndefaults: {model: m}\nprompts: [a]\n"
        let first = try load(text, in: folder)[0].digest
        #expect(try load(text, in: folder)[0].digest == first)
        #expect(try load(text + "# note\n", in: folder)[0].digest != first)
    }
}
