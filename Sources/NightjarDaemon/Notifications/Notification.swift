package import NightjarCore

/// Something that a person may want to know at once.
package struct Notification: Sendable {
    package var occasion: NotificationSettings.Occasion
    /// A few words: `spring: 200 images are there`.
    package var title: String
    /// One or two lines for people: what happened, what it cost, what to do.
    package var text: String
    package var time: WallTime
    /// The exit code that a run with this outcome has; `nil` where nothing has ended.
    package var exit: Int32?
    /// What it is about, each as in `NAME.result.json`.
    package var batches: [JSONWriter]

    package init(
        _ occasion: NotificationSettings.Occasion, title: String, text: String, time: WallTime, exit: Int32? = nil,
        batches: [JSONWriter] = []
    ) {
        self.occasion = occasion
        self.title = title
        self.text = text
        self.time = time
        self.exit = exit
        self.batches = batches
    }

    /// Whether somebody should look at it soon.
    var isUrgent: Bool {
        switch occasion {
        case .failures, .gate: true
        case .finished: exit.map { $0 != 0 } ?? false
        case .digest: false
        }
    }

    /// `{"version":1,"event",…,"batches":[…]}`, for commands and for webhooks of the format `json`.
    package var json: JSONWriter {
        var line = JSONWriter()
        line.add("version", 1)
        line.add("event", occasion.rawValue)
        line.add("time", time)
        line.add("title", title)
        line.add("text", text)
        line.add("exit", exit)
        line.add("batches", batches)
        return line
    }
}
