internal import Glibc
package import NightjarCore

/// A small text file that appears under its name whole or not at all.
package enum WholeFile {
    /// Whether something lies in `folder` under this name.
    package static func isTaken(_ name: String, in folder: String) throws(OutputFailure) -> Bool {
        do {
            return try Folder.root(folder, create: false).kind(of: name) != nil
        } catch {
            if error.code == ENOENT { return false }
            throw .unwritable("cannot look into the folder `\(folder)`: \(error.words)")
        }
    }

    /// Writes the file under a temporary name, syncs it, and gives it its own.
    /// - Parameters:
    ///   - name: One path component.
    ///   - folder: Made where it is missing, with those above it.
    ///   - replaces: Takes the place of a file that is there.
    /// - Returns: `false` where the name is taken, by whatever, and nothing was written.
    package static func write(
        _ text: String, to name: String, in folder: String, replaces: Bool = false
    ) throws(OutputFailure) -> Bool {
        let place: Folder
        do {
            place = try Folder.root(folder)
        } catch {
            throw .unwritable("cannot make the folder `\(folder)`: \(error.words)")
        }
        let temporary = try TemporaryFile(".nightjar-\(getpid())-\(name).part", in: place)
        defer { temporary.discard() }
        try temporary.write(text)
        try temporary.sync()
        guard replaces else {
            guard try temporary.move(to: name, in: place) else { return false }
            try sync(place, name)
            return true
        }
        do {
            try place.replace(name, in: place, with: temporary.name)
        } catch {
            throw place.failure("replace", name, error)
        }
        try sync(place, name)
        return true
    }

    private static func sync(_ folder: Folder, _ name: String) throws(OutputFailure) {
        do {
            try folder.sync()
        } catch {
            throw folder.failure("write", name, error)
        }
    }
}
