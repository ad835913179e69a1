import Glibc
import NightjarManifest

/// Reads whatever libFuzzer makes as a manifest, and expands what passes. Bound to `scripts/fuzz`.
@_cdecl("LLVMFuzzerTestOneInput")
public func testOneInput(_ start: UnsafePointer<UInt8>?, _ count: Int) -> CInt {
    // A manifest is a file: one in memory, so that the disk is left alone.
    let descriptor = memfd_create("manifest", 0)
    precondition(descriptor >= 0)
    defer { close(descriptor) }
    if let start, count > 0 { precondition(write(descriptor, start, count) == count) }
    do {
        let file = ManifestFile(path: "/proc/self/fd/\(descriptor)")
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
