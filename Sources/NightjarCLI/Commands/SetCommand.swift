internal import ArgumentParser
internal import NightjarCore

struct SetCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "set", abstract: "Change the limits of what runs.",
        discussion: """
            With batches, their own limits: they hold beside those of everything, at once where they run, and until they \
            are set back with `default`. Without, the limits of what runs now: a run keeps them to its end, a daemon until they are set back.
            """)

    @Argument(help: "The batches; none: everything that runs.")
    var batches: [String] = []

    @Option(help: ArgumentHelp("Unfinished jobs at the API at one time.", valueName: "n|default"))
    var concurrency: String?

    @Option(help: ArgumentHelp("API requests a second, or 60/min.", valueName: "r|default"))
    var rate: String?

    @Option(
        // A number below 0 is no flag.
        parsing: .unconditional,
        help: ArgumentHelp("Of a batch, -1000 to 1000: the higher goes first.", valueName: "p|default"))
    var priority: String?

    @OptionGroup var files: StateOptions

    mutating func validate() throws {
        let change = try self.change
        if change == LimitChange() {
            throw ValidationError("say what to set: `--concurrency N`, `--rate R` or `--priority P`")
        }
        if batches.isEmpty, change.priority != nil {
            throw ValidationError("a priority is that of a batch: name it")
        }
    }

    mutating func run() async throws {
        try await refusing { console in
            let reader = try StateReader(files, console: console)
            try reader.checkState(toDo: "set")
            let orders = BatchOrders(
                reader: reader, advice: files.advice, batches: batches.isEmpty ? nil : batches,
                order: .set(try change))
            try reader.print(try await orders.carryOut())
        }
    }

    private var change: LimitChange {
        get throws {
            LimitChange(
                concurrency: try Self.replacement(concurrency) { text in
                    guard let number = Int(text), number >= 1 else {
                        throw ValidationError(
                            "`--concurrency` must be a whole number of at least 1, or `default`, got `\(text)`")
                    }
                    return number
                },
                rate: try Self.replacement(rate) { text in
                    guard let rate = Rate(text) else {
                        throw ValidationError("`--rate` must be like `5`, `5/s`, `60/min` or `default`, got `\(text)`")
                    }
                    return rate
                },
                priority: try Self.replacement(priority) { text in
                    guard let number = Int(text), BatchSettings.Schedule.priorities.contains(number) else {
                        throw ValidationError(
                            "`--priority` must be a whole number from -1000 to 1000, or `default`, got `\(text)`")
                    }
                    return number
                })
        }
    }

    private static func replacement<Value>(
        _ text: String?, _ read: (String) throws -> Value
    ) throws -> LimitChange.Replacement<Value>? {
        switch text {
        case nil: nil
        case "default": .takenBack
        case let text?: .by(try read(text))
        }
    }
}
