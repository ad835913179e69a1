internal import ArgumentParser
internal import JobsAPIServer
internal import Logging
internal import NightjarCore
internal import ServiceLifecycle
internal import UnixSignals

struct ServeCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "serve", abstract: "A Jobs API server of your own, for rehearsal.",
        discussion: "The base path is /api/openai/v1. What was submitted survives a restart.")

    @Option(help: "The port to listen on; 0 takes a free one.")
    var port = 9000

    @Option(
        help: ArgumentHelp("The address to listen on; other than loopback needs --api-key-file.", valueName: "addr"))
    var host = "127.0.0.1"

    @Option(help: ArgumentHelp("The queue's file; images lie beside it.", valueName: "file"))
    var state = "serve/queue.sqlite3"

    @Option(help: ArgumentHelp("The keys that may come in, one a line.", valueName: "file"))
    var apiKeyFile: String?

    @Option(help: ArgumentHelp("Jobs worked on at one time.", valueName: "n"))
    var workers = 2

    @Option(help: ArgumentHelp("How long a job takes at least, 2s say; ± 30 % by its seed.", valueName: "t"))
    var jobTime = "0"

    @Option(help: ArgumentHelp("API requests a second for each key, above which the answer is 429.", valueName: "r"))
    var rate: String?

    @Option(help: ArgumentHelp("text or json.", valueName: "format"))
    var logFormat = "text"

    mutating func run() async throws {
        try await refusing { console in
            let server = try server(console)
            do {
                try await ServiceGroup(
                    configuration: ServiceGroupConfiguration(
                        services: [.init(service: server)], gracefulShutdownSignals: [.sigint, .sigterm],
                        logger: Logger(label: "nightjar.serve") { _ in SwiftLogNoOpLogHandler() })
                ).run()
            } catch let error as ServerError {
                throw Self.refusal(error)
            }
        }
    }

    private func server(_ console: Console) throws -> JobsAPIServer {
        guard let jobTime = Duration(text: jobTime) else {
            throw Refusal(
                .usage, "`--job-time` must be a duration such as `2s` or `500ms`, got `\(Cells.plain(jobTime))`")
        }
        guard let format = RunConfiguration.LogFormat(rawValue: logFormat) else {
            throw Refusal(.usage, "`--log-format` must be text or json, got `\(Cells.plain(logFormat))`")
        }
        var requests: Int?
        if let rate {
            guard let parsed = Rate(rate), parsed.window == .second else {
                throw Refusal(.usage, "`--rate` must be a number of requests a second, got `\(Cells.plain(rate))`")
            }
            requests = parsed.requests
        }
        let host = host
        let handler = LineLogHandler(
            format: format, hasPriorities: JournalStream.isConnected(console.environment), level: LogLevel(.info)
        ) { console.printError($0 + "\n") }
        let logger = Logger(label: "nightjar.serve") { _ in handler }
        do {
            return try JobsAPIServer(
                ServerSettings(
                    host: host, port: port, stateFile: state, keyFile: apiKeyFile, workers: workers, jobTime: jobTime,
                    rate: requests),
                logger: logger,
                onListening: { port in
                    let shown = host.contains(":") ? "[\(host)]" : host
                    console.print("listening on http://\(shown):\(port)/api/openai/v1\n")
                })
        } catch {
            throw Self.refusal(error)
        }
    }

    private static func refusal(_ error: ServerError) -> Refusal {
        let exit: NightjarCore.ExitCode =
            switch error {
            case .invalidSetting: .usage
            case .keyFileNeeded, .keyFileUnusable: .configuration
            case .stateUnusable: .cannotWrite
            case .stateInUse: .locked
            case .cannotListen: .apiUnavailable
            }
        return Refusal(exit, error.description)
    }
}
