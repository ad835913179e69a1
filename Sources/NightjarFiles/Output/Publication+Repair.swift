internal import Glibc
internal import NightjarCore

/// The way back of an image to the path that it was recorded under.
extension Publication {
    /// Gives the image this very name. What has it, and is not this image, is kept under `.nightjar/damaged/`.
    ///
    /// Between the two steps the name is free for a moment. Killed there, the file is missing, and the next repair makes
    /// it again.
    func publish(exactly recorded: RecordedPath) throws(OutputFailure) -> OutputFile {
        let folder = try root.descend(recorded.folders, create: true)
        for sidecar in job.sidecars {
            _ = try put(
                content(of: sidecar, image: recorded.name), as: "\(recorded.stem).\(sidecar.rawValue)", sidecar,
                in: folder)
        }
        // Another program may make a file of that name just then, but hardly again and again.
        for _ in 0..<10 {
            switch try occupantOfImage(recorded.name, in: folder, mayBeOurs: true) {
            case .foreign:
                try setAside(recorded, from: folder)
                fallthrough
            case .nobody:
                guard try temporary.move(to: recorded.name, in: folder) else { continue }
            case .ourselves: break
            }
            try sync(folder, recorded.name)
            Failpoint.fileNamed.reach()
            var file = file
            file.path = recorded.path
            return file
        }
        throw .unwritable("cannot make `\(folder.path)/\(recorded.name)`: another program keeps making it")
    }

    private func setAside(_ recorded: RecordedPath, from folder: Folder) throws(OutputFailure) {
        let damaged = try root.descend([ownFolderName, "damaged"] + recorded.folders, create: true)
        var number = 1
        do {
            while try !folder.move(
                recorded.name, to: "\(numbered(recorded.stem, number)).\(recorded.fileExtension)", in: damaged)
            {
                number += 1
            }
        } catch  where error.code == ENOENT {
            return  // Someone was faster, and the name is free.
        } catch {
            throw folder.failure("set aside", recorded.name, error)
        }
        try sync(damaged, recorded.name)
    }
}
