internal import ArgumentParser
internal import NightjarCore
internal import NightjarFiles

struct InitCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "init", abstract: "Write a commented example manifest and configuration.",
        discussion: "Files that are there are not touched, unless --force says so.")

    @Argument(help: ArgumentHelp("Where to; made where it is missing.", valueName: "dir"))
    var folder = "."

    @Flag(help: "Replace a manifest and a configuration that are there.")
    var force = false

    mutating func run() async throws {
        try await refusing { console in
            let examples = ExampleWriter(folder: folder, replaces: force)
            try examples.write()
            try console.printResult(examples.words)
        }
    }
}

/// Writes the example files, or none of them.
struct ExampleWriter {
    let folder: String
    let replaces: Bool

    private static let files = [
        (ExampleFiles.manifestName, ExampleFiles.manifest),
        (ExampleFiles.configurationName, ExampleFiles.configuration),
    ]

    /// - Throws: `Refusal` (73) that names every file that is there already.
    func write() throws {
        do {
            if !replaces {
                let taken = try Self.files.map(\.0).filter { try WholeFile.isTaken($0, in: folder) }
                if !taken.isEmpty { throw refusal(taken, outcome: ", and nothing was written") }
            }
            // Those are nobody's but ours.
            for (name, text) in ExampleFiles.schemas {
                _ = try WholeFile.write(text, to: name, in: path(ExampleFiles.schemaFolder), replaces: true)
            }
            for (name, text) in Self.files {
                // Somebody may have made one in the meantime.
                guard try WholeFile.write(text, to: name, in: folder, replaces: replaces) else {
                    throw refusal([name], outcome: "")
                }
            }
        } catch let failure as OutputFailure {
            throw Refusal(.cannotWrite, failure.words)
        }
    }

    private func refusal(_ names: [String], outcome: String) -> Refusal {
        let paths = names.map { "`\(Cells.plain(path($0)))`" }.joined(separator: " and ")
        let (verb, them) = names.count == 1 ? ("is", "it") : ("are", "them")
        return Refusal(
            .cannotWrite,
            "\(paths) \(verb) there already\(outcome); name another folder (`nightjar init DIR`), or replace \(them) with "
                + "`--force`")
    }

    private func path(_ name: String) -> String {
        folder == "." ? name : folder.hasSuffix("/") ? folder + name : "\(folder)/\(name)"
    }

    /// What was written, and what to type next.
    var words: String {
        let manifest = Cells.plain(ShellWord.quoted(path(ExampleFiles.manifestName)))
        let configuration = Cells.plain(ShellWord.quoted(path(ExampleFiles.configurationName)))
        return """
            wrote \(manifest) and \(configuration)

            see what it would do:           nightjar plan \(manifest)
            try it without a key or cost:   nightjar run --rehearse \(manifest)
            run it, once you have a key:    nightjar run \(manifest) --config \(configuration)

            """
    }
}
