import Glibc
import NightjarCore
import NightjarManifest

/// Where the input lies as files: in memory, so that the disk is left alone.
private let folder: String = {
    var template = Array("/dev/shm/nightjar-fuzz-XXXXXX".utf8CString)
    guard mkdtemp(&template) != nil else { fatalError("no folder in /dev/shm") }
    let path = template.withUnsafeBufferPointer { String(decoding: $0.dropLast().map(UInt8.init), as: UTF8.self) }
    precondition(mkdir(path + "/wildcards", 0o700) == 0)
    atexit {
        for name in listNames + ["manifest.yaml", "wildcards"] { remove("\(folder)/\(name)") }
        remove(folder)
    }
    return path
}()

/// Files that a manifest can name; all hold the same.
private let listNames = ["list.txt", "list.csv", "list.jsonl", "wildcards/list.txt", "wildcards/lists.yaml"]

private func write(_ bytes: ArraySlice<UInt8>, to name: String) {
    let descriptor = open("\(folder)/\(name)", O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0o600)
    precondition(descriptor >= 0)
    defer { close(descriptor) }
    precondition(bytes.withUnsafeBytes { Glibc.write(descriptor, $0.baseAddress, $0.count) } == bytes.count)
}

/// Reads whatever libFuzzer makes as a manifest, and expands what passes. What stands behind a line `%%` is the content
/// of the lists. Bound to `scripts/fuzz`.
@_cdecl("LLVMFuzzerTestOneInput")
public func testOneInput(_ start: UnsafePointer<UInt8>?, _ count: Int) -> CInt {
    let input = Array(UnsafeBufferPointer(start: start, count: count))
    let split = input.firstRange(of: Array("\n%%\n".utf8))
    write(input[..<(split?.lowerBound ?? input.count)], to: "manifest.yaml")
    for name in listNames { write(input[(split?.upperBound ?? input.count)...], to: name) }
    do {
        let file = ManifestFile(path: "\(folder)/manifest.yaml", isConfined: true)
        for batch in try file.load() {
            precondition(batch.jobCount > 0, "a batch without jobs")
            var made = 0
            struct Enough: Error {}
            do {
                try batch.expand { job in
                    precondition(!job.place.file.isEmpty && job.place.line > 0)
                    made += 1
                    if made == 2000 { throw Enough() }
                }
                precondition(made == batch.jobCount, "as many jobs as were counted")
            } catch is Enough {}
        }
    } catch let error as ManifestError {
        precondition(!error.diagnostics.isEmpty, "an error without words")
        _ = DiagnosticRenderer.text(error, colour: true)
    } catch {
        fatalError("\(error)")
    }
    return 0
}
