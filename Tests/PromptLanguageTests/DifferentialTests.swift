import Foundation
import PromptLanguage
import Testing

/// Compares with the Python package itself. Needs the name of a Python that has `dynamicprompts` 0.31 and PyYAML in
/// `NIGHTJAR_DYNAMICPROMPTS`; `NIGHTJAR_TEST_SEED` repeats a run.
@Suite struct DifferentialTests {
    struct Wildcard: Decodable {
        struct Value: Decodable {
            var text: String
            var weight: Double
        }
        var name: String
        var values: [Value]
    }

    struct Heading: Decodable {
        var seed: UInt64
        var wildcards: [Wildcard]
    }

    struct Entry: Decodable {
        var template: String
        var prompts: [String]?
        var refused: String?
        var literal: Bool?
    }

    struct NotWorking: Error {
        var status: Int32
        var output: String
    }

    static let python = ProcessInfo.processInfo.environment["NIGHTJAR_DYNAMICPROMPTS"]

    @Test(.enabled(if: python != nil, "set NIGHTJAR_DYNAMICPROMPTS to a Python that has dynamicprompts"))
    func `texts expand to the same combinations as in the Python package`() throws {
        let seed = ProcessInfo.processInfo.environment["NIGHTJAR_TEST_SEED"] ?? "\(UInt32.random(in: 1...9999))"
        let lines = try output(of: try #require(Self.python), seed: seed).split(separator: "\n")
        let decoder = JSONDecoder()
        let heading = try decoder.decode(Heading.self, from: Data(try #require(lines.first).utf8))
        let entries = try lines.dropFirst().map { try decoder.decode(Entry.self, from: Data($0.utf8)) }
        #expect(heading.seed == UInt64(seed))
        #expect(entries.filter { $0.prompts != nil }.count >= 500, "too little was compared")
        let library = CachedWildcards(
            WildcardLibrary(
                heading.wildcards.map { wildcard in
                    (wildcard.name, wildcard.values.map { WildcardValue($0.text, weight: $0.weight) })
                }))
        for entry in entries { check(entry, library, seed: seed) }
        print("compared \(entries.count) templates, NIGHTJAR_TEST_SEED=\(seed)")
    }

    private func check(_ entry: Entry, _ library: CachedWildcards, seed: String) {
        let shown = "\(entry.template.debugDescription), NIGHTJAR_TEST_SEED=\(seed)"
        let ours: [String]
        do {
            ours = try texts(entry.template, library)
        } catch {
            // The package leaves an unknown wildcard where it stands.
            // What it never comes to may refer to anything there: all but the first result of `=!`, and the options of
            // a choice that takes more than there are.
            let isUnreached = entry.template.contains("=!") && [.undefinedVariable, .cycle].contains(error.kind)
            let isExpected =
                entry.prompts == nil || error.kind == .unknownWildcard || isUnreached
                || error.kind == .undefinedVariable && textsWithDefaults(entry.template, library) == entry.prompts
            #expect(isExpected, "\(error) in \(shown); the package: \(entry.prompts ?? [])")
            #expect(entry.literal != true, "\(error) in \(shown)")
            return
        }
        if let prompts = entry.prompts {
            // The package turns tabs into blanks, up to the next column that is a multiple of eight.
            guard !entry.template.contains("\t") else { return #expect(ours.count == prompts.count, "\(shown)") }
            let isSame = ours.map(scalars) == prompts.map(scalars)
            let hint =
                isSame || ours.map(scalars).sorted(by: isLess) != prompts.map(scalars).sorted(by: isLess)
                ? "" : " (only the order differs)"
            #expect(isSame, "\(shown)\(hint)\nhere:        \(ours)\nthe package: \(prompts)")
        } else if entry.literal == true {
            #expect(ours.map(scalars) == [scalars(entry.template)], "\(shown): \(ours)")
        }
    }

    private func texts(_ template: String, _ library: CachedWildcards) throws(PromptError) -> [String] {
        let expansion = try PromptExpansion(PromptTemplate(parsing: template), wildcards: library, variables: [])
        return (0..<min(expansion.count.exactInt ?? .max, 5000)).map { expansion.text(at: $0) { _ in nil } }
    }

    /// With a default for every variable that has none; `nil` where that does not help.
    private func textsWithDefaults(_ template: String, _ library: CachedWildcards) -> [String]? {
        guard let parsed = try? PromptTemplate(parsing: template) else { return nil }
        var scalars = Array(template.unicodeScalars)
        for variable in parsed.variables.reversed() where !variable.hasDefault {
            scalars.insert(contentsOf: ":\u{FFFD}".unicodeScalars, at: variable.offset + variable.length - 1)
        }
        return try? texts(String(String.UnicodeScalarView(scalars)), library)
    }

    /// `String` compares by canonical equivalence.
    private func scalars(_ text: String) -> [UInt32] { text.unicodeScalars.map(\.value) }
    private func isLess(_ first: [UInt32], _ second: [UInt32]) -> Bool { first.lexicographicallyPrecedes(second) }

    private func output(of python: String, seed: String) throws -> String {
        let script = URL(filePath: #filePath).deletingLastPathComponent()
            .appending(path: "Differential/differential.py")
        let process = Process()
        process.executableURL = URL(filePath: "/usr/bin/env")
        process.arguments = [python, script.path(percentEncoded: false), seed, "500"]
        let pipe = Pipe()
        process.standardOutput = pipe
        try process.run()
        let data = try pipe.fileHandleForReading.readToEnd() ?? Data()
        process.waitUntilExit()
        let output = String(decoding: data, as: UTF8.self)
        guard process.terminationStatus == 0 else {
            throw NotWorking(status: process.terminationStatus, output: String(output.suffix(500)))
        }
        return output
    }
}
