internal import Glibc
internal import NightjarCore
internal import NightjarManifest
internal import NightjarStore

/// What keeps a run from beginning, as far as it can be told without the API: `plan` refuses the same.
extension Composition {
    /// What the state of a rehearsal is bound to.
    static let rehearsal = "rehearsal"

    /// - Parameter api: The base address, or `rehearsal`.
    /// - Throws: `Refusal` where jobs of the state are at another API.
    static func checkBinding(of store: SQLiteStore, to api: String, _ configuration: RunConfiguration) async throws {
        guard let known = try store.boundAPI(), known != api else { return }
        if known == rehearsal || api == rehearsal {
            let owner = known == rehearsal ? "a rehearsal" : "the API at \(known)"
            throw Refusal(
                .configuration,
                "the state `\(configuration.state)` belongs to \(owner); give this run another `--output`")
        }
        let atAPI = try await store.batches().reduce(0) {
            $0 + $1.count(.submitting, .submitted, .ready, .unknown)
        }
        if atAPI > 0 {
            throw Refusal(
                .configuration,
                "the state `\(configuration.state)` has \(atAPI) jobs at \(known); run with that `--base-url` first, "
                    + "or give this run another `--output`")
        }
    }

    /// A batch that came from an inbox is the daemon's: a run would take it away from there, and the manifest that the inbox
    /// holds would never come to its end.
    /// - Throws: `Refusal` that names every such batch.
    static func refuseBatchesOfInboxes(_ batches: [LoadedBatch], _ store: SQLiteStore) async throws {
        var refusal = Refusal(.configuration)
        for loaded in batches {
            let name = loaded.batch.settings.name
            guard let origin = try await store.knownBatch(named: name)?.origin else { continue }
            refusal.messages.append(
                .plain(
                    "the batch `\(name)` belongs to the inbox `\(Cells.plain(origin.inbox))`: the daemon runs it "
                        + "(`systemctl start nightjar`, or `nightjar daemon`); drop an edited manifest there, or give this "
                        + "batch another `name`"))
        }
        if !refusal.messages.isEmpty { throw refusal }
    }

    /// Looks whether a folder, or where it is not there yet the one that it would be made in, takes files.
    /// - Returns: Why it does not; `nil` where it does.
    static func writingProblem(of folder: String) -> String? {
        var path = folder.isEmpty ? "." : folder
        var status = stat()
        while stat(path, &status) != 0, errno == ENOENT || errno == ENOTDIR, path != "/", path != "." {
            path = path.lastIndex(of: "/").map { String(path[..<$0]) } ?? "."
            if path.isEmpty { path = "/" }
        }
        guard stat(path, &status) == 0 else { return String(cString: strerror(errno)).lowercased() }
        guard status.st_mode & S_IFMT == S_IFDIR else { return "`\(path)` is not a folder" }
        return access(path, W_OK | X_OK) == 0 ? nil : String(cString: strerror(errno)).lowercased()
    }

    /// - Parameter what: For the message.
    static func refuseUnwritable(_ folder: String, _ what: String) throws(Refusal) {
        guard let reason = writingProblem(of: folder) else { return }
        throw Refusal(.cannotWrite, "\(what) `\(folder)` cannot be written: \(reason)")
    }

    /// With a budget, a model without a price could spend anything.
    static func refuseUnpriced(_ models: [String], _ prices: [String: Money]) throws(Refusal) {
        let unpriced = models.filter { prices[$0] == nil }
        guard !unpriced.isEmpty else { return }
        throw Refusal(
            .configuration,
            "there is a budget, but no price for \(unpriced.map { "`\($0)`" }.joined(separator: ", ")); "
                + "write `prices: {\(unpriced[0]): 0.01}` into the configuration")
    }

    /// Of several batches none is taken in where jobs of any share a path. That shows in the intake, so it is tried first.
    func refuseConflicts(in batches: [LoadedBatch], _ store: SQLiteStore) throws {
        guard batches.count > 1 else { return }
        for loaded in batches {
            let settings = loaded.batch.settings
            guard (try? PathTemplate(settings.pathTemplate))?.tellsJobsApart == false else { continue }
            _ = try Self.refusingConflicts(of: loaded) {
                try IntakePreview.make(
                    settings, digest: loaded.batch.digest, changed: configuration.changed, known: store,
                    now: WallTime.now, expand: loaded.batch.expand)
            }
        }
    }

    /// Runs an intake of `loaded`; what it throws is a `Refusal` then.
    static func refusingConflicts<Value>(of loaded: LoadedBatch, _ intake: () throws -> Value) throws -> Value {
        do {
            return try intake()
        } catch let error as ManifestError {
            throw Refusal(manifests: [error])
        } catch let failure as StoreFailure {
            throw Refusal(failure)
        } catch let found as IntakeConflicts {
            throw Refusal(manifests: [ManifestError(found, file: loaded.path)])
        }
    }
}
