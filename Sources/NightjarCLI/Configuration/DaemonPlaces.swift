internal import FoundationEssentials
internal import Glibc
internal import NightjarCore
internal import NightjarDaemon
internal import NightjarManifest

/// The folders, files, programs and groups that the daemon's configuration names, held against the machine.
struct DaemonPlaces {
    private let file: ConfigurationFile
    private let workingFolder: String
    /// Where programs are looked for.
    private let searchPath: String
    private let output: FolderName
    private let state: FolderName
    private let folders: [FolderName]
    private let outputs: [FolderName]

    /// - Parameter run: Its paths are absolute.
    init(
        file: ConfigurationFile, run: RunConfiguration, environment: [String: String], workingFolder: String
    ) {
        self.file = file
        searchPath = environment["PATH"] ?? "/usr/bin:/bin"
        self.workingFolder = workingFolder
        output = FolderName(run.output, in: workingFolder)
        state = FolderName(run.state, in: workingFolder)
        folders = file.inboxes.map { FolderName($0.path.text, in: workingFolder) }
        let output = output
        outputs = file.inboxes.map { entry in entry.output.map { FolderName($0.text, in: workingFolder) } ?? output }
    }

    var inboxes: [InboxSettings] {
        zip(file.inboxes, zip(folders, outputs)).map { entry, places in
            var inbox = InboxSettings(path: places.0.absolute, output: places.1.absolute)
            inbox.priority = entry.priority
            inbox.weight = entry.weight ?? inbox.weight
            inbox.limits = entry.limits
            inbox.group = entry.group?.text
            inbox.mode = entry.mode
            return inbox
        }
    }

    var notifications: [NotificationSettings] {
        file.notifications.map { entry in
            var settings = entry.settings
            switch settings.target {
            case .command(var words):
                if words[0].contains("/") { words[0] = absolute(words[0]) }
                settings.target = .command(words)
            case .webhook(let url, let urlFile, let tokenFile, let format):
                settings.target = .webhook(
                    url: url, urlFile: urlFile.map(absolute), tokenFile: tokenFile.map(absolute), format: format)
            }
            return settings
        }
    }

    private func absolute(_ path: String) -> String { FolderName(path, in: workingFolder).absolute }

    /// What is wrong is left with the reader.
    func check(_ reader: inout SettingReader) {
        if file.inboxes.isEmpty, file.mistakes == nil {
            reader.report(
                "the daemon has no inbox to watch",
                hint: "write `inbox: [/srv/nightjar/inbox]` into \(file.path.map { "`\($0)`" } ?? "its configuration")")
        }
        checkBudgets(reader)
        for place in folders.indices { checkInbox(place, reader) }
        checkWritable(&reader)
        for entry in file.notifications { check(entry, reader) }
    }

    private func checkBudgets(_ reader: SettingReader) {
        guard file.prices.isEmpty else { return }
        for entry in file.inboxes where entry.limits.budget != nil {
            reader.report(
                "missing", "this inbox has a budget, and there are no prices to count it by", at: entry.path.place,
                hint: "write what an image costs: `prices: {MODEL: 0.01}`")
        }
    }

    // MARK: Inboxes

    private func checkInbox(_ place: Int, _ reader: SettingReader) {
        let entry = file.inboxes[place]
        let folder = folders[place]
        checkOthers(place, reader)
        let hint = "what is dropped and what is made need folders of their own"
        let known = [output] + outputs
        if let around = known.first(where: folder.isWithin) {
            let words = folder.real == around.real ? "is an output" : "lies in the output `\(around.text)`"
            reader.report("inbox", "the inbox `\(folder.text)` \(words)", at: entry.path.place, hint: hint)
        } else if folder.real == FolderName(state.parent, in: workingFolder).real
            || folder.real.split(separator: "/").contains(".nightjar")
        {
            reader.report(
                "inbox", "the inbox `\(folder.text)` lies in the folder of a state", at: entry.path.place, hint: hint)
        }
        if let group = entry.group { check(group: group, reader) }
        for path in [entry.path, entry.output].compactMap({ $0 }) { warnIfRelative(path, reader) }
    }

    /// Says it once, at the later of the same folder, and at the inner of two.
    private func checkOthers(_ place: Int, _ reader: SettingReader) {
        let folder = folders[place]
        let around = folders.indices.first { other in
            other != place && folder.isWithin(folders[other]) && (folder.real != folders[other].real || other < place)
        }
        guard let around else { return }
        let other = folders[around]
        let words =
            folder.real == other.real
            ? "the inbox `\(folder.text)` is there twice"
            : "the inbox `\(folder.text)` lies in the inbox `\(other.text)`"
        reader.report(
            "inbox", words, at: file.inboxes[place].path.place, hint: "watch one of them",
            notes: [("the other is here", file.inboxes[around].path.place)])
    }

    private func check(group: PlacedText, _ reader: SettingReader) {
        if let id = gid_t(group.text) ?? getgrnam(group.text).map(\.pointee.gr_gid) {
            guard !Self.mayGive(to: id) else { return }
            return reader.report(
                "value", "this process is not in the group `\(Cells.plain(group.text))`, so it cannot give files to it",
                at: group.place)
        }
        let names = ((try? String(contentsOfFile: "/etc/group", encoding: .utf8)) ?? "").split(separator: "\n")
            .compactMap { $0.split(separator: ":").first.map(String.init) }
        reader.report(
            "value", "there is no group `\(Cells.plain(group.text))`", at: group.place,
            hint: nearest(to: group.text, among: names).map { "did you mean `\($0)`?" })
    }

    private static func mayGive(to group: gid_t) -> Bool {
        if geteuid() == 0 || getegid() == group { return true }
        var groups = [gid_t](repeating: 0, count: max(0, Int(getgroups(0, nil))))
        let count = getgroups(Int32(groups.count), &groups)
        return groups.prefix(max(0, Int(count))).contains(group)
    }

    private func warnIfRelative(_ path: PlacedText, _ reader: SettingReader) {
        let name = FolderName(path.text, in: workingFolder)
        guard name.isRelative else { return }
        reader.report(
            "relative-path", "`\(Cells.plain(path.text))` is relative to the folder that the daemon is started in",
            at: path.place, hint: "write `\(name.absolute)` to mean what it means here", severity: .warning)
    }

    // MARK: The machine

    private func checkWritable(_ reader: inout SettingReader) {
        if let reason = Composition.writingProblem(of: output.absolute) {
            reader.report(.output, "`\(output.text)` cannot be written: \(reason)")
        }
        if !FolderName(state.parent, in: workingFolder).isWithin(output),
            let reason = Composition.writingProblem(of: state.parent)
        {
            reader.report(.state, "`\(state.text)` cannot be written: \(reason)")
        }
        var status = stat()
        if stat(state.absolute, &status) == 0 {
            if status.st_mode & S_IFMT == S_IFDIR {
                reader.report(.state, "`\(state.text)` is a folder, and must be a file")
            } else if access(state.absolute, R_OK | W_OK) != 0 {
                reader.report(
                    .state, "`\(state.text)` cannot be written: \(String(cString: strerror(errno)).lowercased())")
            }
        }
        for (entry, folder) in zip(file.inboxes, folders) {
            guard let reason = Composition.writingProblem(of: folder.absolute) else {
                warnIfMissing(folder, entry.path.place, reader)
                continue
            }
            reader.report(
                "inbox", "the inbox `\(folder.text)` cannot be written: \(reason)", at: entry.path.place,
                hint: "manifests are taken out of it by renaming them")
        }
        for (entry, folder) in zip(file.inboxes, outputs) {
            guard let place = entry.output?.place, let reason = Composition.writingProblem(of: folder.absolute) else {
                continue
            }
            reader.report("inbox", "the output `\(folder.text)` cannot be written: \(reason)", at: place)
        }
    }

    private func warnIfMissing(_ folder: FolderName, _ place: FilePlace, _ reader: SettingReader) {
        var status = stat()
        guard stat(folder.absolute, &status) != 0 else { return }
        reader.report(
            "missing-inbox", "the inbox `\(folder.text)` is not there; it is waited for, and not made", at: place,
            hint: "make it, if it is not to be mounted: `mkdir -p \(Cells.plain(ShellWord.quoted(folder.absolute)))`",
            severity: .warning)
    }

    private func check(_ entry: NotificationEntry, _ reader: SettingReader) {
        if let program = entry.program {
            if program.text.contains("/") { warnIfRelative(program, reader) }
            if !isProgram(program.text) {
                reader.report(
                    "notify", "there is no program `\(Cells.plain(program.text))`", at: program.place,
                    hint: program.text.contains("/") ? "it must be a file that may be executed" : "write its whole path"
                )
            }
        }
        for (key, path) in entry.files.sorted(by: { $0.key < $1.key }) {
            guard !isReadable(absolute(path.text)) else {
                warnIfRelative(path, reader)
                continue
            }
            // Not shown: it could be the secret itself.
            reader.report("notify", "the file that `\(key)` names cannot be read", at: path.place)
        }
    }

    private func isProgram(_ name: String) -> Bool {
        let paths = name.contains("/") ? [absolute(name)] : searchPath.split(separator: ":").map { "\($0)/\(name)" }
        return paths.contains { path in
            var status = stat()
            return stat(path, &status) == 0 && status.st_mode & S_IFMT == S_IFREG && access(path, X_OK) == 0
        }
    }

    private func isReadable(_ path: String) -> Bool {
        var status = stat()
        return stat(path, &status) == 0 && status.st_mode & S_IFMT != S_IFDIR && access(path, R_OK) == 0
    }
}
