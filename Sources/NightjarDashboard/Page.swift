internal import NightjarCore

/// The page of all batches: what to do now, then a row a batch, those that move first.
struct Page {
    var batches: [BatchSummary]
    var snapshot: RunSnapshot?
    var isWell: Bool
    /// What `isWell` is about, said of the service.
    var health: String
    var now: WallTime

    /// Rows at most: a browser that draws thousands every ten seconds helps nobody.
    static let mostRows = 200
    private static let mostTasks = 20
    static let refreshSeconds = 10

    func html(nonce: String) -> String {
        var page = HTML()
        page.markup("<!doctype html>\n<html lang=\"en\">\n<meta charset=\"utf-8\">\n<title>")
        page.add(title)
        page.markup("</title>\n<meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">\n")
        page.markup("<meta name=\"color-scheme\" content=\"light dark\">\n<meta http-equiv=\"refresh\" content=\"")
        page.add(String(Self.refreshSeconds))
        page.markup("\">\n<style nonce=\"")
        page.add(nonce)
        page.markup("\">")
        page.markup(Self.style)
        page.markup("</style>\n<body>\n<header>\n<h1>Nightjar</h1>\n")
        addHead(to: &page)
        page.markup("</header>\n<main>\n")
        addTasks(to: &page)
        addTable(to: &page)
        page.markup("</main>\n<footer>As of ")
        page.add("\(now.rfc3339.prefix(10)) \(now.rfc3339.dropFirst(11).prefix(8))")
        page.markup(" UTC, anew every ")
        page.add(String(Self.refreshSeconds))
        page.markup(" s. <code>nightjar status</code> tells more.</footer>\n</body>\n</html>\n")
        return page.text
    }

    private var title: String {
        let running = batches.reduce(0) { $0 + $1.running }
        return running > 0 ? "Nightjar: \(running.grouped) running" : "Nightjar"
    }

    private func addHead(to page: inout HTML) {
        guard let snapshot else { return }
        page.markup("<p>")
        page.add("\(snapshot.command.rawValue) \(snapshot.pid), up \((now - snapshot.startedAt).spoken)")
        page.markup(" · ")
        page.add("\(snapshot.unfinished.grouped) of at most \(snapshot.concurrency.grouped) jobs at the API")
        page.markup(" · requests at most ")
        page.add(snapshot.rate.description)
        page.markup("</p>\n")
    }

    // MARK: What to do now

    private struct Task {
        var words: String
        var batches: [String]
    }

    /// The same for several batches is said once.
    private var tasks: [Task] {
        var tasks: [Task] = []
        if !isWell { tasks.append(Task(words: health, batches: [])) }
        for batch in ordered {
            guard let words = batch.action(snapshot) else { continue }
            if let known = tasks.firstIndex(where: { $0.words == words && !$0.batches.isEmpty }) {
                tasks[known].batches.append(batch.settings.name)
            } else {
                tasks.append(Task(words: words, batches: [batch.settings.name]))
            }
        }
        return tasks
    }

    private func addTasks(to page: inout HTML) {
        let tasks = tasks
        guard !tasks.isEmpty else { return }
        page.markup("<section>\n<h2>To do now</h2>\n<ul>\n")
        for task in tasks.prefix(Self.mostTasks) {
            page.markup("<li>")
            page.addWords(task.words)
            if !task.batches.isEmpty {
                page.markup(" <small>for ")
                page.add(task.batches.prefix(5).joined(separator: ", "))
                if task.batches.count > 5 { page.add(" and \((task.batches.count - 5).grouped) more") }
                page.markup("</small>")
            }
            page.markup("</li>\n")
        }
        if tasks.count > Self.mostTasks {
            page.markup("<li>and ")
            page.add(tasks.count - Self.mostTasks)
            page.markup(" more: <code>nightjar status</code></li>\n")
        }
        page.markup("</ul>\n</section>\n")
    }

    // MARK: Batches

    /// What moves, then what waits, then what is finished; of each the newest first.
    private var ordered: [BatchSummary] {
        batches.sorted { left, right in
            (left.activity, right.updatedAt, right.settings.name) < (right.activity, left.updatedAt, left.settings.name)
        }
    }

    private func addTable(to page: inout HTML) {
        guard !batches.isEmpty else {
            page.markup("<p>No batches yet. Drop a manifest into an inbox, or <code>nightjar submit</code> it.</p>\n")
            return
        }
        page.markup(
            "<table>\n<thead><tr><th>batch<th>done<th>running<th>pending<th>failed<th>cost<th>time left</thead>\n<tbody>\n"
        )
        for batch in ordered.prefix(Self.mostRows) { addRow(batch, to: &page) }
        page.markup("</tbody>\n</table>\n")
        if batches.count > Self.mostRows {
            page.markup("<p>and ")
            page.add(batches.count - Self.mostRows)
            page.markup(" more: <code>nightjar status</code></p>\n")
        }
    }

    private func addRow(_ batch: BatchSummary, to page: inout HTML) {
        page.markup("<tr>\n<th scope=\"row\">")
        page.add(batch.settings.name)
        for words in batch.notes(snapshot, now) {
            page.markup("<p>")
            page.addWords(words)
            page.markup("</p>")
        }
        page.markup("</th>\n<td data-label=\"done\"><span>")
        page.add(batch.count(.done))
        page.markup(" of ")
        page.add(batch.total)
        page.markup("</span> <progress max=\"")
        page.add(String(max(1, batch.total)))
        page.markup("\" value=\"")
        page.add(String(batch.count(.done)))
        page.markup("\"></progress></td>\n<td data-label=\"running\">")
        page.add(batch.running)
        page.markup("</td>\n<td data-label=\"pending\">")
        page.add(batch.count(.pending, .waiting))
        if batch.count(.failed) > 0 {
            page.markup("</td>\n<td data-label=\"failed\" class=\"bad\">")
        } else {
            page.markup("</td>\n<td data-label=\"failed\">")
        }
        page.add(batch.count(.failed))
        page.markup("</td>\n<td data-label=\"cost\">")
        page.add(batch.spent == .zero ? "–" : batch.spent.description)
        page.markup("</td>\n<td data-label=\"time left\">")
        page.add(batch.timeLeft(snapshot))
        page.markup("</td>\n</tr>\n")
    }
}

extension BatchSummary {
    fileprivate var running: Int { count(.submitting, .submitted, .ready) }
    private var left: Int { running + count(.pending, .waiting) }

    /// The smaller, the further up.
    fileprivate var activity: Int { running > 0 ? 0 : left + count(.unknown) > 0 ? 1 : 2 }

    private func wait(_ snapshot: RunSnapshot?) -> RunSnapshot.Wait? {
        snapshot?.waits[settings.name]
    }

    fileprivate func action(_ snapshot: RunSnapshot?) -> String? {
        if let wait = wait(snapshot) { return wait.action }
        return paused && left > 0 ? "go on with `nightjar resume \(settings.name)`" : nil
    }

    /// Why it waits, and what has not come of it.
    fileprivate func notes(_ snapshot: RunSnapshot?, _ now: WallTime) -> [String] {
        var notes: [String] = []
        if let wait = wait(snapshot) {
            let time = wait.until.flatMap { $0 > now ? " (in \(($0 - now).spoken))" : nil }
            notes.append(wait.words + (time ?? ""))
        } else if paused, left > 0 {
            notes.append("is paused")
        }
        if count(.unknown) > 0 {
            let jobs = count(.unknown) == 1 ? "1 answer was lost" : "\(count(.unknown).grouped) answers were lost"
            notes.append("\(jobs), and the jobs are held: `nightjar status \(settings.name)`")
        }
        if count(.failed) > 0 {
            notes.append("\(count(.failed).grouped) failed: `nightjar jobs \(settings.name) --only failed`")
        }
        if count(.filtered) > 0 { notes.append("\(count(.filtered).grouped) came back blank") }
        if duplicates > 0 { notes.append("\(duplicates.grouped) paid for twice") }
        return notes
    }

    fileprivate func timeLeft(_ snapshot: RunSnapshot?) -> String {
        if left == 0 { return count(.unknown) > 0 ? "held" : "finished" }
        if running == 0, wait(snapshot) != nil || paused { return "waits" }
        return etaSeconds.map { Duration.seconds($0).spoken } ?? "not known"
    }
}
