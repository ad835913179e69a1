internal import NightjarCore
internal import NightjarFiles
internal import NightjarStore

/// What the commands share that look at the state beside a process that may be running, and need no key.
struct StateReader {
    let console: Console
    /// Of the state file.
    let path: String
    /// The output folder as the user named it.
    let output: String
    /// `nil` where there is no state yet.
    let store: SQLiteStore?

    init(_ options: StateOptions, console: Console) throws {
        let file = try ConfigurationFile.loadOrRefuse(named: options.config, environment: console.environment)
        do {
            let configuration = try RunConfiguration(
                flags: options.flags, environment: console.environment, file: file)
            try self.init(path: configuration.state, output: configuration.output, console: console)
        } catch let error as ConfigurationError {
            throw Refusal(error)
        }
    }

    init(path: String, output: String, console: Console) throws {
        self.console = console
        self.path = path
        self.output = output
        do {
            store = try SQLiteStore.openForReading(path: path)
        } catch let failure as StoreFailure {
            throw Refusal(failure)
        }
    }

    /// What runs here, as it says itself, and what the state knows of it; `nil`: nothing.
    func live() async throws -> RunSnapshot? {
        guard var live = LiveNote(state: path).read() else { return nil }
        live.overrides = try await store?.limitOverrides() ?? LimitOverrides()
        return live
    }

    /// - Throws: `Refusal` where there is a state, and no batch of that name in it.
    func batches(named name: String?) async throws -> [BatchSummary] {
        let all = try await store?.batches() ?? []
        guard let name, store != nil else { return all }
        return [try batch(named: name, among: all)]
    }

    /// - Throws: `Refusal` where there is none of that name.
    func batch(named name: String, among all: [BatchSummary]) throws -> BatchSummary {
        if let batch = all.first(where: { $0.settings.name == name }) { return batch }
        let near = nearest(to: name, among: all.map(\.settings.name)).map { "; did you mean `\($0)`?" } ?? ""
        throw Refusal(.usage, "there is no batch `\(Cells.plain(name))` in `\(path)`\(near)")
    }
}
