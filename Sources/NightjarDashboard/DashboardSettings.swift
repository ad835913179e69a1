/// Where the web page is served.
package struct DashboardSettings: Equatable, Sendable {
    /// A name or an address of this machine.
    package var host: String
    /// 0: any that is free.
    package var port: Int

    package init(host: String = "127.0.0.1", port: Int = 8787) {
        self.host = host
        self.port = port
    }
}
