internal import ArgumentParser
internal import Glibc
internal import NightjarCore
internal import NightjarFiles
internal import NightjarManifest

struct SubmitCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "submit", abstract: "Check manifests and hand them to the daemon, with the files they refer to.",
        discussion: """
            The files are copied, so that they may change or go afterwards. Nothing is handed over unless every manifest is \
            valid. The same content again is done once.
            """)

    @Argument(help: "Manifests (YAML); `-` reads one from standard input.")
    var manifests: [String]

    @Option(help: ArgumentHelp("The inbox (default: the configuration's first).", valueName: "dir"))
    var inbox: String?

    @Option(help: ArgumentHelp("The configuration file.", valueName: "file"))
    var config: String?

    mutating func run() async throws {
        let console = Console.current
        do {
            try execute(console)
        } catch {
            guard let refusal = Refusal(error) else { throw error }
            console.print(refusal)
            throw ArgumentParser.ExitCode(refusal.exit.rawValue)
        }
    }

    private func execute(_ console: Console) throws {
        let inbox = try inbox ?? Self.firstInbox(config, environment: console.environment)
        if manifests.count(where: { $0 == "-" }) > 1 {
            throw Refusal(.usage, "`-` stands for standard input, which can be read once")
        }
        // All of them first: nothing of what is wrong with any is handed over.
        var checked: [SubmittedManifest] = []
        var errors: [ManifestError] = []
        for path in manifests {
            do throws(ManifestError) {
                if path == "-", isatty(STDIN_FILENO) == 1 {
                    console.printError("reading a manifest from standard input; Ctrl-D ends it\n")
                }
                checked.append(try SubmittedManifest(path))
            } catch {
                errors.append(error)
            }
        }
        guard errors.isEmpty else { throw Refusal(manifests: errors) }
        for warning in checked.flatMap(\.warnings) {
            console.printError(DiagnosticRenderer.text(warning, colour: console.errorStyle.colour))
        }
        // All are copied before the first is handed over: that is a rename each.
        let copies = try checked.map { ($0, try $0.copy(to: inbox)) }
        for (manifest, copy) in copies {
            let place = try manifest.submit(copy)
            try console.printResult("\(Cells.plain(manifest.shown)): submitted as \(Cells.plain(place))\n")
        }
    }

    /// The first inbox of the configuration that the daemon reads.
    private static func firstInbox(_ config: String?, environment: [String: String]) throws(Refusal) -> String {
        let file = try ConfigurationFile.loadOrRefuse(
            named: config, environment: environment, systemPath: DaemonConfiguration.systemPath)
        if let mistakes = file.mistakes { throw Refusal(configuration: mistakes) }
        guard let first = file.inboxes.first else {
            throw Refusal(
                .usage,
                "no inbox is named: say `--inbox DIR`, the folder that the daemon watches, or name its configuration with "
                    + "`--config FILE`")
        }
        return first.path.text
    }
}

/// A manifest that has been checked as the inbox will check it.
struct SubmittedManifest {
    /// As messages name it.
    let shown: String
    private let file: ManifestFile
    private let digests: [String]
    let warnings: [Diagnostic]

    /// - Parameter path: `-` for standard input.
    /// - Throws: All that is wrong with it.
    init(_ path: String) throws(ManifestError) {
        file =
            path == "-" ? try ManifestFile.standardInput(isConfined: true) : ManifestFile(path: path, isConfined: true)
        let batches = try file.load()
        shown = path == "-" ? "standard input" : path
        digests = batches.map(\.digest)
        warnings = batches.flatMap(\.warnings)
    }

    /// What the manifest is called in the inbox.
    private var name: String {
        guard shown != "standard input" else { return "stdin.yaml" }
        let name = String((shown.split(separator: "/").last ?? "").drop { $0 == "." })
        // Only these are taken for manifests.
        return Self.isManifest(name) ? name : (name.isEmpty ? "manifest" : name) + ".yaml"
    }

    private static func isManifest(_ name: String) -> Bool { name.hasSuffix(".yaml") || name.hasSuffix(".yml") }

    /// Copies it and the files that it refers to into an inbox, where they are not seen yet.
    func copy(to inbox: String) throws -> Submission {
        let id = "\(WallTime.now.milliseconds)-\(getpid())-\(UInt32.random(in: .min ... .max))"
        do {
            let submission = try Submission(to: inbox, id: id)
            let references = file.references
            // The inbox knows the manifest by that it is the only one.
            if let other = references.files.keys.first(where: { Self.parts(of: $0).count == 1 && Self.isManifest($0) })
            {
                throw Refusal(
                    .usage,
                    "`\(shown)` has its wildcards in `\(other)` beside it, where the inbox would take that for a manifest; put "
                        + "them into a folder, and name that with `wildcards:`")
            }
            for folder in references.folders { try submission.makeFolder(Self.parts(of: folder)) }
            for (name, place) in references.files { try submission.copy(place, to: Self.parts(of: name)) }
            try submission.copy(file.path, to: [name])
            // What was copied is what was checked, whoever writes to it meanwhile; and it is all that is needed.
            let copy = ManifestFile(
                named: shown, at: "\(submission.path)/\(name)",
                folder: ManifestFolder(path: submission.path, isConfined: true, shown: "."))
            guard try copy.load().map(\.digest) == digests else {
                throw Refusal(.manifestUnreadable, "`\(shown)`, or a file that it names, changed while it was copied")
            }
            return submission
        } catch let error as ManifestError {
            throw Refusal(manifests: [error])
        } catch OutputFailure.unwritable(let words) {
            throw refusal(words)
        }
    }

    /// Hands a copy over.
    /// - Returns: Where it lies then.
    func submit(_ copy: Submission) throws(Refusal) -> String {
        do {
            return try copy.submit()
        } catch {
            throw refusal(error.words)
        }
    }

    private func refusal(_ words: String) -> Refusal {
        Refusal(
            .cannotWrite,
            "\(words); nothing of `\(shown)` was submitted. The inbox is the folder that the daemon watches, and whoever "
                + "submits needs the right to write there")
    }

    /// The way to a file below a folder, as its text says it.
    private static func parts(of name: String) -> [String] {
        name.split(separator: "/").reduce(into: []) { parts, part in
            if part == ".." { _ = parts.popLast() } else if part != "." { parts.append(String(part)) }
        }
    }
}
