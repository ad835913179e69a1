/// How a server is to run. Checked by `JobsAPIServer.init`.
package struct ServerSettings: Hashable, Sendable {
    /// `--host`: a name or an address to listen on.
    package var host: String
    /// `--port`, 0…65535; 0 takes a free one.
    package var port: Int
    /// `--state`: the queue's SQLite file; images go to `images/` beside it.
    package var stateFile: String
    /// `--api-key-file`: the keys that are let in, one a line. Without it everybody is, on loopback only.
    package var keyFile: String?
    /// `--workers`: the most jobs PROCESSING at one time, at least 1.
    package var workers: Int
    /// `--job-time`: how long a job is PROCESSING before it is drawn, 0.7 to 1.3 times this, by its seed.
    package var jobTime: Duration
    /// `--rate`: API requests in any sliding second, for each key; `nil` and 0: as many as come.
    package var rate: Int?

    package init(
        host: String = "127.0.0.1", port: Int = 0, stateFile: String, keyFile: String? = nil, workers: Int = 2,
        jobTime: Duration = .zero, rate: Int? = nil
    ) {
        self.host = host
        self.port = port
        self.stateFile = stateFile
        self.keyFile = keyFile
        self.workers = workers
        self.jobTime = jobTime
        self.rate = rate
    }

    /// Whether only this machine can reach the server.
    var isLoopback: Bool {
        host == "localhost" || host == "::1" || host.hasPrefix("127.")
    }

    /// - Throws: `invalidSetting`.
    func check() throws(ServerError) {
        guard (0...65_535).contains(port) else {
            throw .invalidSetting("the port must be 0 … 65535, got `\(port)`")
        }
        guard workers >= 1 else { throw .invalidSetting("there must be at least 1 worker, got `\(workers)`") }
        guard jobTime >= .zero else { throw .invalidSetting("the job time must not be negative") }
        if let rate, rate < 0 {
            throw .invalidSetting("the rate must be at least 1 request a second, or 0 for no limit")
        }
    }
}
