import Foundation
import NightjarCLI
import NightjarCore
import Testing

struct StoryRendererTests {
    private static let start = RenderingSample.start

    // MARK: A lost answer

    private static let held: JobStory = {
        var story = StoryRendererTests.story(.unknown)
        story.job.error = FailureCause(.lost, "nothing came for 30 s")
        story.submissions = [
            .init(
                number: 1, attempt: 1, intentAt: start, outcome: .unknown, endedAt: start + .seconds(30),
                note: "nothing came for 30 s", loss: Loss(.silent, "nothing came for 30 s"),
                hold: Hold(.seedsNotComparable, "the API has not been seen to echo seeds: job-7 may be it"),
                isOpen: true)
        ]
        story.candidates = [
            Candidate(
                id: RemoteJobID("job-7"), status: .completed(nil), createdAt: start + .seconds(1), model: "m",
                isRead: true),
            Candidate(id: RemoteJobID("job-8"), status: .failed("no"), createdAt: nil, model: "m"),
            Candidate(
                id: RemoteJobID("job-9"), status: .processing, createdAt: start + .seconds(2), model: "m",
                seed: .integer(43)),
        ]
        return story
    }()

    @Test func `a held job tells what is known, what settles it, and what to type`() {
        #expect(
            text(Self.held, width: 80) == """
                hero of neon-cities: unknown

                request       tensorart-illustrious-xl-v2-aesthetic, 832×1216 px, 30 steps, cfg
                              5.5, euler, seed 42
                prompt        A {futuristic} 未来 city in the rain, neon lights, reflections, w…
                negative      blurry
                job           12, key 0123456789abcdef000000000000000c
                first seen    2026-03-01T02:04:05Z

                submission 1  left at 2026-03-01T02:04:05Z, attempt 1
                              at 02:04:35Z: the answer was lost: nothing came for 30 s

                held          seeds not comparable: the API has not been seen to echo seeds:
                              job-7 may be it
                candidates    `job-7` COMPLETED, made at 2026-03-01T02:04:06Z, tells no seed
                              `job-8` FAILED, made nobody knows when
                              `job-9` PROCESSING, made at 2026-03-01T02:04:07Z, seed 43
                settles it    your decision: look at the candidates in your account at the API,
                              and adopt the one with this prompt
                to type       nightjar retry neon-cities --job hero --adopt job-7
                              nightjar retry neon-cities --job hero --adopt job-9
                or            nightjar retry neon-cities --job hero --resubmit
                              pays for it, perhaps a second time

                """)
    }

    @Test func `a narrow terminal gets the same, names above`() {
        let text = text(Self.held, width: 40)
        #expect(
            text == """
                hero of neon-cities: unknown

                request
                  tensorart-illustrious-xl-v2-aesthetic,
                  832×1216 px, 30 steps, cfg 5.5, euler,
                  seed 42
                prompt
                  A {futuristic} 未来 city in the rain,…
                negative
                  blurry
                job
                  12, key 0123456789abcdef000000000000000c
                first seen
                  2026-03-01T02:04:05Z

                submission 1
                  left at 2026-03-01T02:04:05Z, attempt
                  1
                  at 02:04:35Z: the answer was lost:
                  nothing came for 30 s

                held
                  seeds not comparable: the API has not
                  been seen to echo seeds: job-7 may be
                  it
                candidates
                  `job-7` COMPLETED, made at
                  2026-03-01T02:04:06Z, tells no seed
                  `job-8` FAILED, made nobody knows when
                  `job-9` PROCESSING, made at
                  2026-03-01T02:04:07Z, seed 43
                settles it
                  your decision: look at the candidates
                  in your account at the API, and adopt
                  the one with this prompt
                to type
                  nightjar retry neon-cities --job hero --adopt job-7
                  nightjar retry neon-cities --job hero --adopt job-9
                or
                  nightjar retry neon-cities --job hero --resubmit
                  pays for it, perhaps a second time

                """)
        // Commands stay whole, since they are copied.
        let long = text.split(separator: "\n").filter { Cells.width(of: String($0)) > 40 }
        #expect(long.allSatisfy { $0.contains("nightjar retry") || $0.contains("key ") })
    }

    @Test func `commands carry what this one was told about the state`() {
        let renderer = StoryRenderer(
            name: "it's", advice: CommandAdvice(output: "my night", state: "s.sqlite3"), output: "my night",
            now: Self.start, width: nil, style: RenderingSample.style)
        #expect(
            renderer.text(Self.held).contains(
                #"nightjar retry neon-cities --job 'it'\''s' --adopt job-7 --output 'my night' --state s.sqlite3"#))
    }

    // MARK: Other states

    @Test func `a job that waits says until when`() {
        var story = Self.story(.waiting)
        story.dueAt = Self.start + .seconds(200)
        story.submissions = [
            .init(
                number: 1, attempt: 1, intentAt: Self.start, outcome: .waiting, endedAt: Self.start + .seconds(90),
                remoteID: RemoteJobID("job-1"), note: "worker out of memory")
        ]
        #expect(
            text(story, width: 80) == """
                hero of neon-cities: waiting

                request       tensorart-illustrious-xl-v2-aesthetic, 832×1216 px, 30 steps, cfg
                              5.5, euler, seed 42
                prompt        A {futuristic} 未来 city in the rain, neon lights, reflections, w…
                negative      blurry
                job           12, key 0123456789abcdef000000000000000c
                first seen    2026-03-01T02:04:05Z

                submission 1  left at 2026-03-01T02:04:05Z, attempt 1
                              at 02:05:35Z: FAILED at the API as `job-1`, and not billed: worker
                              out of memory

                now           may be submitted again from 2026-03-01T02:07:25Z on (in 1 min 40
                              s); FAILED jobs are not billed

                """)
    }

    @Test(arguments: [
        FailureCause.Kind.rejected, .remoteFailed, .timeout, .vanished, .download, .blockedURL, .invalidImage,
        .wrongSize, .disk,
    ])
    func `a failed job says what it has cost, and what to type`(kind: FailureCause.Kind) {
        var story = Self.story(.failed)
        story.job.error = FailureCause(kind, "so it \u{1B}[31mis\nhere")
        let text = text(story, width: 200)
        #expect(text.contains("failed      \(kind.rawValue): so it ␛[31mis here\n"))
        #expect(text.contains("cost        "))
        #expect(text.contains("nightjar retry neon-cities --job hero\n"))
        // What was not billed is submitted again anyway.
        #expect(text.contains("--resubmit") == (kind != .rejected && kind != .remoteFailed))
    }

    @Test func `a done job names its file, and the second image that was paid for`() {
        var story = Self.story(.done)
        story.job.file = RenderingSample.file("neon-cities/000012-x.png")
        story.submissions = [
            .init(
                number: 1, attempt: 1, intentAt: Self.start, outcome: .unknown, endedAt: Self.start + .seconds(30),
                loss: Loss(.closed, "the connection was cut"), isOpen: true),
            .init(
                number: 2, attempt: 1, intentAt: Self.start + .seconds(90), outcome: .submitted,
                endedAt: Self.start + .seconds(91), remoteID: RemoteJobID("job-2")),
        ]
        story.duplicates = [
            Duplicate(
                id: RemoteJobID("job-1"), job: JobID(1), noticedAt: Self.start + .seconds(100), isEnded: true,
                path: ".nightjar/duplicates/neon-cities/000012-x.png")
        ]
        #expect(
            text(story, width: 200) == """
                hero of neon-cities: done

                request       tensorart-illustrious-xl-v2-aesthetic, 832×1216 px, 30 steps, cfg 5.5, euler, seed 42
                prompt        A {futuristic} 未来 city in the rain, neon lights, reflections, wide angle, evening, people, umbrellas
                negative      blurry
                job           12, key 0123456789abcdef000000000000000c
                first seen    2026-03-01T02:04:05Z

                submission 1  left at 2026-03-01T02:04:05Z, attempt 1
                              at 02:04:35Z: the answer was lost: the connection was cut
                              still watched: what it made, if anything, would be a second image
                submission 2  left at 2026-03-01T02:05:35Z, attempt 1
                              at 02:05:36Z: accepted as `job-2`

                file          output/neon-cities/000012-x.png
                size          832×1216 px, 1.2 MiB
                sha256        abababababababababababababababababababababababababababababababab
                paid twice    `job-1`, noticed at 2026-03-01T02:05:45Z
                              output/.nightjar/duplicates/neon-cities/000012-x.png

                """)
    }

    @Test func `a person's word about a job, or its batch, is told with what takes it back`() {
        var paused = Self.story(.pending)
        paused.job.isPaused = true
        #expect(text(paused, width: nil).contains("now         paused by a person: it is not submitted before this:"))
        #expect(text(paused, width: nil).contains("nightjar resume neon-cities --job hero\n"))
        var batch = BatchSummary(
            id: BatchID(1), settings: BatchSettings(name: "neon-cities"), paused: true, createdAt: Self.start,
            updatedAt: Self.start)
        let ofBatch = text(Self.story(.waiting), width: nil, batch: batch)
        #expect(
            ofBatch.contains("its batch is paused by a person") && ofBatch.contains("nightjar resume neon-cities\n"))
        batch.isAllPaused = true
        let ofAll = text(Self.story(.pending), width: nil, batch: batch)
        #expect(ofAll.contains("everything is paused by a person") && ofAll.contains("nightjar resume --all\n"))
        // What is at the API comes home all the same.
        #expect(!text(Self.story(.submitted), width: nil, batch: batch).contains("paused"))
        var unwanted = Self.story(.submitted)
        unwanted.job.isUnwanted = true
        let words = text(unwanted, width: nil)
        #expect(words.contains("cancelled   by a person: what the API has of it comes home"))
        #expect(words.contains("nightjar retry neon-cities --job hero\n"))
        #expect(text(Self.story(.cancelled), width: nil).contains("cancelled by a person; this takes that back:"))
    }

    @Test(arguments: JobState.allCases) func `every state has words, within the terminal`(state: JobState) {
        var story = Self.story(state)
        if state == .done || state == .filtered { story.job.file = RenderingSample.file("a.png") }
        for width in [40, 80, 200] {
            let lines = text(story, width: width).split(separator: "\n")
            let long = lines.filter { Cells.width(of: String($0)) > width }
            #expect(
                long.allSatisfy { $0.contains("nightjar ") || $0.contains("key ") || $0.contains("abab") }, "\(long)")
            #expect(lines.count > 5)
        }
    }

    @Test func `without colours nothing but text is printed, with them the state is painted`() {
        #expect(!text(Self.held, width: 80).contains("\u{1B}"))
        let renderer = StoryRenderer(
            name: "hero", advice: CommandAdvice(), output: "output", now: Self.start, width: 80,
            style: TerminalStyle(colour: true, unicode: true))
        #expect(renderer.text(Self.held).contains("\u{1B}[33munknown\u{1B}[0m"))
    }

    // MARK: JSON

    @Test func `JSON is a line of jobs with what else is known`() throws {
        let line = StoryRenderer.json(Self.held).text
        #expect(line.hasPrefix(String(JobsRenderer.json(Self.held.job).text.dropLast()) + ","))
        let object = try #require(try JSONSerialization.jsonObject(with: Data(line.utf8)) as? [String: Any])
        let submission = try #require((object["submissions"] as? [[String: Any]])?.first)
        #expect(
            Set(submission.keys) == [
                "number", "attempt", "intent_at", "outcome", "ended_at", "job_id", "note", "loss", "hold", "open",
            ])
        #expect((submission["loss"] as? [String: Any])?["kind"] as? String == "silent")
        #expect((submission["hold"] as? [String: Any])?["reason"] as? String == "seeds not comparable")
        let candidates = try #require(object["candidates"] as? [[String: Any]])
        #expect(candidates.map { $0["job_id"] as? String } == ["job-7", "job-8", "job-9"])
        #expect(candidates.map { $0["status"] as? String } == ["COMPLETED", "FAILED", "PROCESSING"])
        #expect(candidates[2]["seed"] as? Int == 43)
        #expect((object["duplicates"] as? [Any])?.isEmpty == true)
        #expect(object["due_at"] is NSNull)
    }

    // MARK: Parts

    private func text(_ story: JobStory, width: Int?, batch: BatchSummary? = nil) -> String {
        StoryRenderer(
            name: "hero", advice: CommandAdvice(), output: "output", now: Self.start + .seconds(100), width: width,
            style: RenderingSample.style, batch: batch
        ).text(story)
    }

    private static func story(_ state: JobState) -> JobStory {
        let reference = RenderingSample.job(12)
        let request = ImageRequest(
            prompt:
                "A {futuristic} 未来 city in the rain, neon lights, reflections, wide angle, evening, people, umbrellas",
            parameters: .init(
                model: "tensorart-illustrious-xl-v2-aesthetic", negativePrompt: "blurry", width: 832, height: 1216,
                steps: 30, cfgScale: 5.5, sampler: "euler"),
            seed: 42)
        return JobStory(
            job: JobSummary(
                id: JobID(1), batch: "neon-cities", key: reference.key, index: reference.index, label: "hero",
                state: state,
                request: request, remoteID: state == .done ? RemoteJobID("job-2") : nil, attempts: 1, file: nil,
                error: nil, createdAt: start, updatedAt: start + .seconds(30), variables: nil, meta: nil),
            submissions: [])
    }
}
