internal import CLinux
internal import Glibc
internal import NightjarCore

/// A program that runs in a process group of its own, without a shell; what it prints is read, and its end kept.
enum ChildProcess {
    enum End: Equatable, Sendable {
        case exited(Int32)
        case signalled(Int32)
        /// It and all of its group were killed.
        case tookTooLong
        case cancelled
        case notStarted(String)
    }

    struct Result: Equatable, Sendable {
        var end: End
        /// The last of what it printed, on both outputs.
        var tail: String
    }

    private static let mostTail = 2000
    private static let step: Duration = .milliseconds(20)

    /// Nothing here blocks a thread: the program is looked at every 20 ms.
    /// - Parameters:
    ///   - command: The program, which is looked for in `PATH`, and its arguments.
    ///   - input: What it reads on its standard input; it need not.
    static func run(
        _ command: [String], environment: [String: String], input: String, limit: Duration, time: Timekeeper
    ) async -> Result {
        let end = time.now() + limit
        let output: Int32
        let pid: pid_t
        do throws(SystemError) {
            (pid, output) = try start(command, environment, input)
        } catch {
            return Result(end: .notStarted(error.words), tail: "")
        }
        defer { close(output) }
        var tail: [UInt8] = []
        func read() {
            // At most so much at a time: what floods us waits.
            var buffer = [UInt8](repeating: 0, count: 65_536)
            let count = Glibc.read(output, &buffer, buffer.count)
            guard count > 0 else { return }
            tail = Array((tail + buffer[..<count]).suffix(mostTail))
        }
        var killed: End?
        while true {
            read()
            var status: Int32 = 0
            let ended = waitpid(pid, &status, WNOHANG)
            if ended == pid || (ended < 0 && errno != EINTR) {
                read()
                let text = String(decoding: tail, as: UTF8.self)
                return Result(end: killed ?? Self.end(status), tail: text)
            }
            if killed == nil {
                killed = Task.isCancelled ? .cancelled : time.now() >= end ? .tookTooLong : nil
                // It has not been waited for: the number is still its own.
                if killed != nil { kill(-pid, SIGKILL) }
            }
            // Killed, it ends within moments, and is waited for in any case.
            if Task.isCancelled {
                await Task.detached { try? await time.sleep(time.now() + step) }.value
            } else {
                try? await time.sleep(time.now() + step)
            }
        }
    }

    private static func end(_ status: Int32) -> End {
        let signal = status & 0x7F
        return signal == 0 ? .exited((status >> 8) & 0xFF) : .signalled(signal)
    }

    // MARK: Starting

    private struct SystemError: Error {
        let words: String

        init(_ what: String, _ code: Int32 = errno) {
            words = "\(what): \(String(cString: strerror(code)).lowercased())"
        }
    }

    private static func start(
        _ command: [String], _ environment: [String: String], _ input: String
    ) throws(SystemError) -> (pid: pid_t, output: Int32) {
        let source = try file(holding: input)
        defer { close(source) }
        var ends: [Int32] = [-1, -1]
        guard pipe2(&ends, O_CLOEXEC) == 0 else { throw SystemError("no pipe is to be had") }
        defer { close(ends[1]) }
        var actions = posix_spawn_file_actions_t()
        posix_spawn_file_actions_init(&actions)
        defer { posix_spawn_file_actions_destroy(&actions) }
        posix_spawn_file_actions_adddup2(&actions, source, STDIN_FILENO)
        posix_spawn_file_actions_adddup2(&actions, ends[1], STDOUT_FILENO)
        posix_spawn_file_actions_adddup2(&actions, ends[1], STDERR_FILENO)
        // What a library has opened without O_CLOEXEC is not for it either.
        posix_spawn_file_actions_addclosefrom_np(&actions, STDERR_FILENO + 1)

        var attributes = posix_spawnattr_t()
        posix_spawnattr_init(&attributes)
        defer { posix_spawnattr_destroy(&attributes) }
        var signals = sigset_t()
        sigemptyset(&signals)
        posix_spawnattr_setsigmask(&attributes, &signals)
        sigfillset(&signals)
        posix_spawnattr_setsigdefault(&attributes, &signals)
        posix_spawnattr_setpgroup(&attributes, 0)
        posix_spawnattr_setflags(
            &attributes, Int16(POSIX_SPAWN_SETPGROUP | POSIX_SPAWN_SETSIGMASK | POSIX_SPAWN_SETSIGDEF))

        let arguments = command.map { strdup($0) } + [nil]
        let variables = environment.map { strdup("\($0.key)=\($0.value)") } + [nil]
        defer { for pointer in arguments + variables { free(pointer) } }
        var pid: pid_t = 0
        let program = command.first ?? ""
        let code = posix_spawnp(&pid, program, &actions, &attributes, arguments, variables)
        guard code == 0 else {
            close(ends[0])
            throw SystemError("`\(program)` cannot be started", code)
        }
        _ = fcntl(ends[0], F_SETFL, O_NONBLOCK)
        return (pid, ends[0])
    }

    /// A file without a name: a program reads it as far as it likes, and nobody waits for that.
    private static func file(holding text: String) throws(SystemError) -> Int32 {
        let cloexec: UInt32 = 1
        let file = memfd_create("nightjar-notification", cloexec)
        guard file >= 0 else { throw SystemError("no memory is to be had") }
        var rest = Array(text.utf8)[...]
        while !rest.isEmpty {
            let count = rest.withUnsafeBytes { write(file, $0.baseAddress, $0.count) }
            if count < 0, errno == EINTR { continue }
            guard count > 0 else {
                let error = SystemError("no memory is to be had")
                close(file)
                throw error
            }
            rest = rest.dropFirst(count)
        }
        lseek(file, 0, SEEK_SET)
        return file
    }
}
