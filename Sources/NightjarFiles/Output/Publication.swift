internal import Glibc
internal import NightjarCore

/// The last step of an image that is whole and synced: its name, its sidecars, and the fsync of their folder.
struct Publication {
    let job: OutputJob
    let paths: JobPaths
    let root: Folder
    let durable: DurableFolders
    let format: ImageFormat
    let temporary: TemporaryFile
    let result: RemoteResult
    /// All but the path.
    let file: OutputFile

    /// Takes the first stem, from that of `place` on, whose image and sidecars are free.
    func publish(beside place: JobPaths.Place) throws(OutputFailure) -> OutputFile {
        // Seen from the root once more: what the names lead to now is where the file will be looked for.
        let folder = try root.descend(place.folders, create: true)
        var number = 1
        while true {
            let stem = numbered(place.stem, number)
            if try take(stem, in: folder) {
                let name = name(of: stem)
                try sync(folder, name)
                Failpoint.fileNamed.reach()
                var file = file
                file.path = (place.folders + [name]).joined(separator: "/")
                return file
            }
            number += 1
        }
    }

    func sync(_ folder: Folder, _ name: String) throws(OutputFailure) {
        do {
            try durable.sync(folder)
        } catch {
            throw folder.failure("write", name, error)
        }
    }

    private func name(of stem: String) -> String { "\(stem).\(format.fileExtension)" }

    /// Puts image and sidecars in place, or nothing at all.
    /// - Returns: `false` when one of the names is taken.
    private func take(_ stem: String, in folder: Folder) throws(OutputFailure) -> Bool {
        let image = name(of: stem)
        let occupant = try occupantOfImage(image, in: folder, mayBeOurs: job.mayBeInPlace)
        if occupant == .foreign { return false }
        // Sidecars come first: who sees the image finds them beside it.
        var placed: [String] = []
        var isTaken = false
        defer {
            if !isTaken { for name in placed { try? folder.remove(name) } }
        }
        for sidecar in job.sidecars {
            let name = "\(stem).\(sidecar.rawValue)"
            switch try put(content(of: sidecar, image: image), as: name, sidecar, in: folder) {
            case .nobody: placed.append(name)
            case .ourselves: break
            case .foreign: return false
            }
        }
        if occupant == .nobody {
            guard try temporary.move(to: image, in: folder) else { return false }
        }
        isTaken = true
        return true
    }

    /// Who has a name.
    enum Occupant {
        /// An earlier process put this very content there.
        case nobody, ourselves, foreign
    }

    func occupantOfImage(_ name: String, in folder: Folder, mayBeOurs: Bool) throws(OutputFailure) -> Occupant {
        try occupant(of: name, in: folder, mayBeOurs: mayBeOurs, bytes: file.bytes, sha256: file.sha256)
    }

    private func occupant(
        of name: String, in folder: Folder, mayBeOurs: Bool, bytes: Int64, sha256: @autoclosure () -> String
    ) throws(OutputFailure) -> Occupant {
        do {
            guard let kind = try folder.kind(of: name) else { return .nobody }
            guard mayBeOurs, kind.isFile, kind.bytes == bytes else { return .foreign }
            return try folder.digest(of: name)?.sha256 == sha256() ? .ourselves : .foreign
        } catch {
            throw folder.failure("read", name, error)
        }
    }

    /// Writes a sidecar, unless its name is taken.
    /// - Returns: Who had the name before.
    func put(
        _ content: String, as name: String, _ sidecar: BatchSettings.Sidecar, in folder: Folder
    ) throws(OutputFailure) -> Occupant {
        let occupant = try occupant(
            of: name, in: folder, mayBeOurs: job.mayBeInPlace, bytes: Int64(content.utf8.count),
            sha256: hexadecimalSHA256(of: content))
        guard occupant == .nobody else { return occupant }
        let temporary = try TemporaryFile(paths.temporaryName(of: sidecar), in: folder)
        defer { temporary.discard() }
        try temporary.write(content)
        try temporary.sync()
        guard try temporary.move(to: name, in: folder) else { return .foreign }
        Failpoint.sidecarsWritten.reach()
        return .nobody
    }

    func content(of sidecar: BatchSettings.Sidecar, image: String) -> String {
        switch sidecar {
        case .json: ImageDescription(job: job, result: result, file: file).json(fileName: image) + "\n"
        case .txt: job.request.prompt
        }
    }
}
