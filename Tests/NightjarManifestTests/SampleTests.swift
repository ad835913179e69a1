import Foundation
import NightjarCore
import NightjarTestSupport
import PromptLanguage
import Testing

@testable import NightjarManifest

struct SampleTests {
    private static let head = "version: 1\nname: spring\ndefaults: {model: m}\n"

    /// Axes of `size` values each.
    private static func axes(_ names: [String], _ size: Int) -> String {
        let values = (0..<size).map { "v\($0)" }.joined(separator: ", ")
        return "matrix:\n" + names.map { "  \($0): [\(values)]\n" }.joined()
    }

    @Test func `a sample of a trillion combinations is drawn, all different`() throws {
        let found = try jobs(
            Self.head + Self.axes(["a", "b", "c", "d"], 1000)
                + "prompts: [\"${a} ${b} ${c} ${d}\"]\nsample: {count: 1000, seed: 7}\n")
        #expect(found.count == 1000)
        #expect(Set(found.map(\.prompt)).count == 1000)
        // All parts of the product are drawn from.
        #expect(Set(found.map { $0.prompt.split(separator: " ")[0] }).count > 550)
    }

    @Test func `another seed draws others, the same seed the same`() throws {
        func draw(_ seed: Int) throws -> [String] {
            try jobs(
                Self.head + Self.axes(["a", "b"], 100)
                    + "prompts: [\"${a} ${b}\"]\nsample: {count: 50, seed: \(seed)}\n"
            ).map(\.prompt)
        }
        #expect(try draw(1) == draw(1))
        #expect(try Set(draw(1)).intersection(draw(2)).count < 5)
    }

    @Test func `the order of prompts, axes and values changes no draw`() throws {
        let one = try jobs(
            Self.head + "matrix: {a: [x, y, z], b: [p, q, r]}\nprompts: [\"1 ${a} ${b}\", \"2 ${a} ${b}\"]\nsample: 7\n"
        )
        let other = try jobs(
            Self.head + "matrix: {b: [r, q, p], a: [z, x, y]}\nprompts: [\"2 ${a} ${b}\", \"1 ${a} ${b}\"]\nsample: 7\n"
        )
        #expect(Set(one.map(\.prompt)) == Set(other.map(\.prompt)))
        #expect(Set(one.map(\.identity)) == Set(other.map(\.identity)))
    }

    @Test func `a prompt or a value that is added takes its share and no more`() throws {
        let prompts = (0..<100).map { "\"\($0) ${a}\"" }
        func draw(_ prompts: [String], _ values: Int) throws -> Set<String> {
            let text =
                Self.head + Self.axes(["a"], values)
                + "prompts: [\(prompts.joined(separator: ", "))]\nsample: {count: 200, seed: 1}\n"
            return Set(try jobs(text).map(\.prompt))
        }
        let before = try draw(prompts, 40)
        let more = try draw(prompts + ["\"new ${a}\""], 40)
        #expect(before.subtracting(more).count <= 8)
        let wider = try draw(prompts, 41)
        #expect(before.subtracting(wider).count <= 40)
    }

    @Test func `the order of rows changes no draw`() throws {
        let folder = try TemporaryFolder()
        let rows = (0..<12).map { "A ${animal} in {ink|oil|wax},animal \($0)\n" }
        func draw(_ rows: [String]) throws -> Set<String> {
            try folder.write("prompt,animal\n" + rows.joined(), to: "p.csv")
            let batch = try load(Self.head + "prompts_from: p.csv\nsample: 15\n", in: folder)[0]
            return Set(try batch.jobs().map(\.prompt))
        }
        #expect(try draw(rows) == draw(rows.reversed()))
    }

    @Test func `an exclusion moves the draws that it takes away, and few others`() throws {
        let text = Self.axes(["a", "b"], 50) + "prompts: [\"${a} ${b}\"]\nsample: 200\n"
        let before = Set(try jobs(Self.head + text).map(\.prompt))
        let after = Set(try jobs(Self.head + "exclude: [{a: v3, b: v4}]\n" + text).map(\.prompt))
        #expect(before.subtracting(after).count <= 8)
    }

    @Test func `many exclusions leave every value its chance, or are refused`() throws {
        let folder = try TemporaryFolder()
        let names = (0..<15).flatMap { [String(format: "a%02d", $0), String(format: "b%02d", $0)] }
        for order in [names, names.sorted(), names.shuffled()] {
            let axes = order.map { "  \($0): [x, y, z]\n" }.joined()
            let pairs = (0..<15).map { String(format: "  - {a%02d: x, b%02d: x}\n", $0, $0) }.joined()
            let text = Self.head + "matrix:\n\(axes)exclude:\n\(pairs)prompts: [\"${a00}\"]\nsample: 2000\n"
            // In the order of the names all pairs are open at once, which is too much to count.
            #expect(throws: ManifestError.self) { try load(text, in: folder) }
        }
    }

    @Test func `every job is as likely as every other`() throws {
        var counts: [String: Int] = [:]
        for seed in 0..<600 {
            let text =
                Self.head + """
                    matrix: {a: [x, y, z], b: [p, q]}
                    exclude: [{a: x, b: p}, {a: y}]
                    prompts: ["1 ${a} ${b}", "2 {k|l}", {prompt: "3", seed: 1}]
                    sample: {count: 3, seed: \(seed)}
                    """
            for job in try jobs(text) { counts["\(job.prompt) \(job.variables ?? "")", default: 0] += 1 }
        }
        // 3 combinations are left; with 1, 2 and 1 variants they make 12 jobs: 600 × 3 / 12 each.
        #expect(counts.count == 12)
        #expect(counts.values.allSatisfy { (105...195).contains($0) }, "\(counts)")
    }

    @Test func `a sample of all is all, with a warning`() throws {
        let folder = try TemporaryFolder()
        let batch = try load(Self.head + "prompts: [a, b, c]\nsample: {count: 3}\n", in: folder)[0]
        #expect(batch.jobCount == 3)
        #expect(try batch.jobs().map(\.prompt) == ["a", "b", "c"])
        #expect(batch.warnings.map(\.code) == ["sample"])
    }

    @Test func `all but one of many are drawn`() throws {
        let found = try jobs(Self.head + Self.axes(["a", "b"], 30) + "prompts: [\"${a} ${b}\"]\nsample: 899\n")
        #expect(Set(found.map(\.prompt)).count == 899)
    }

    @Test func `seeds and variants are drawn from as well`() throws {
        let found = try jobs(
            Self.head + "seeds: {from: 5, count: 1000000}\nprompts: [\"{a|b|c}\"]\nsample: {count: 300, seed: 3}\n")
        #expect(Set(found.map(\.identity)).count == 300)
        #expect(Set(found.map(\.prompt)).count == 3)
    }

    @Test(arguments: [1, 2, 3, 63, 1023, 1024, 2047, 5000])
    func `a value that is added takes its share of the draws, and moves no other`(count: Int) throws {
        let draws = 400_000 / (count + 20)
        func drawn(_ count: Int) throws -> [Int] {
            let axis = Matrix.Axis(name: "a", values: (0..<count).map { "v\($0)" })
            var sampler = MatrixSampler(Matrix(axes: [axis], exclusions: []))
            return (0..<draws).map { sampler.draw(Mixing.hash("\($0)"))[0] }
        }
        let moved = zip(try drawn(count), try drawn(count + 1)).filter { $0 != $1 }
        #expect(moved.allSatisfy { $0.1 == count })
        let share = Double(draws) / Double(count + 1)
        #expect(abs(Double(moved.count) - share) < 5 * share.squareRoot() + 1)
    }

    @Test func `one of very many values that is added moves few draws, and each is as likely as every other`() {
        func drawn(_ count: Int) -> [Int] {
            let axis = Matrix.Axis(name: "a", values: (0..<count).map { "v\($0)" })
            var sampler = MatrixSampler(Matrix(axes: [axis], exclusions: []))
            return (0..<60_000).map { sampler.draw(Mixing.hash("\($0)"))[0] }
        }
        let (before, after) = (drawn(20_000), drawn(20_001))
        // Its share is 3; every division above may move half a share.
        #expect((1...60).contains(zip(before, after).filter { $0 != $1 }.count))
        var counts = [Int](repeating: 0, count: 20_000)
        for place in before { counts[place] += 1 }
        // 3 each; the sum of squares has its expectation 19,999, and a deviation of 200.
        let deviation = counts.reduce(0.0) { $0 + (Double($1) - 3) * (Double($1) - 3) / 3 }
        #expect((19_000...21_000).contains(deviation), "\(deviation)")
    }

    @Test func `an exclusion takes draws from the values that it names alone`() {
        let axes = ["a", "b"].map { name in Matrix.Axis(name: name, values: (0..<50).map { "v\($0)" }) }
        func drawn(_ exclusions: [[Int: Set<Int>]]) -> [[Int]] {
            var sampler = MatrixSampler(Matrix(axes: axes, exclusions: exclusions))
            return (0..<20_000).map { sampler.draw(Mixing.hash("\($0)")) }
        }
        let (before, after) = (drawn([]), drawn([[0: [3, 4], 1: [5]]]))
        #expect(!after.contains([3, 5]) && !after.contains([4, 5]))
        let moved = zip(before, after).filter { $0 != $1 }.map(\.0)
        #expect(!moved.isEmpty && moved.allSatisfy { $0[0] == 3 || $0[0] == 4 })
        // 800 draws of the two values, of which one in fifty is excluded; and what else falls to other values then.
        #expect(moved.count < 60)
    }

    @Test func `exclusions on an axis of very many values leave every value its chance`() throws {
        let folder = try TemporaryFolder()
        try folder.write((0..<3000).map { "v\($0)\n" }.joined(), to: "a.txt")
        // Half of the values of one axis stand with one value of the other alone.
        let some = (0..<1500).map { "v\($0)" }.joined(separator: ", ")
        let text =
            Self.head + "matrix: {a: {file: a.txt}, b: [x, y, z]}\nexclude: [{a: [\(some)], b: [y, z]}]\n"
            + "prompts: [\"${a} ${b}\"]\nsample: {count: 3000, seed: 1}\n"
        let found = try load(text, in: folder)[0].jobs().map(\.prompt)
        #expect(Set(found).count == 3000)
        // 1,500 of 6,000 jobs are of the first half.
        let first = found.filter { Int($0.split(separator: " ")[0].dropFirst()) ?? 0 < 1500 }
        #expect(first.allSatisfy { $0.hasSuffix("x") })
        #expect((650...850).contains(first.count), "\(first.count)")
    }

    @Test(.timeLimit(.minutes(1)))
    func `texts of one hash are drawn like all others`() throws {
        // FNV-1a of both is 4eac0c95540867e4.
        let (one, other) = ("8yn0iYCKYHlIj4-BwPqk", "GReLUrM4wMqfg9yzV3KQ")
        #expect(Mixing.hash(one) == Mixing.hash(other))
        let values = "[\(one), \(other), c]"
        let found = try jobs(
            Self.head + "matrix: {a: \(values), b: \(values)}\nprompts: [\"${a} ${b}\"]\nsample: 8\n")
        #expect(Set(found.map(\.prompt)).count == 8)
    }

    @Test func `draws are the same on every machine and in every release`() throws {
        let found = try jobs(
            Self.head
                + "matrix: {a: [x, y, z], b: [p, q, r]}\nprompts: [\"${a}${b} {k|l}\", \"2 ${a}\"]\nsample: {count: 6, seed: 7}\n"
        )
        #expect(found.map(\.prompt) == Self.golden)
    }

    private static let golden = ["yq l", "zp l", "yp k", "zq l", "2 x", "2 x"]
}
