import NightjarCore
import NightjarFiles
import NightjarTestSupport
import Testing

/// Images that begin well, and are damaged further on.
@Suite struct StructureTests {
    private let folder: TemporaryFolder
    private let output: OutputFolder
    private let png = PNGParts(Fixture.png.bytes)

    init() throws {
        folder = try TemporaryFolder()
        output = OutputFolder(folder)
    }

    private func verdict(_ bytes: [UInt8]) async -> String {
        do throws(OutputFailure) {
            let file = try await output.deliver(foxJob(), bytes).file
            return "\(file.width)×\(file.height)"
        } catch {
            return words(of: error)
        }
    }

    // MARK: PNG

    @Test func `a checksum is compared in every chunk, and the words say which`() async throws {
        #expect(png.bytes == Fixture.png.bytes)
        #expect(crc32(of: Array("123456789".utf8)) == 0xCBF4_3926)
        for (place, chunk) in png.chunks.enumerated() {
            let right = crc32(of: Array(chunk.type.utf8) + chunk.data)
            let wrong = right ^ 1
            let broken = png.with { $0[place].checksum = wrong }
            func hex(_ value: UInt32) -> String {
                let digits = String(value, radix: 16)
                return String(repeating: "0", count: 8 - digits.count) + digits
            }
            #expect(
                await verdict(broken) == """
                    not an image: the PNG is damaged: the chunk `\(chunk.type)` at byte \(png.boundaries[place]) has the \
                    checksum \(hex(right)) instead of \(hex(wrong))
                    """)
        }
    }

    @Test func `a bit that flips anywhere in a PNG is found`() async throws {
        for place in 8..<png.bytes.count {
            var bytes = png.bytes
            bytes[place] ^= 1 << UInt8(place % 8)
            let verdict = await verdict(bytes)
            #expect(verdict.hasPrefix("not an image: the PNG "), "byte \(place): \(verdict)")
        }
    }

    @Test func `a PNG that is cut off between two chunks, or within one, is none`() async throws {
        let text = PNGParts.Chunk("tEXt", Array("Comment\0a fox".utf8))
        let parts = PNGParts(try png.with { $0.insert(text, at: try png.index(of: "IDAT")) })
        for boundary in parts.boundaries.dropLast() {
            for length in [boundary, boundary + 1, boundary + 4, boundary + 8, boundary + 11] {
                let verdict = await verdict(Array(parts.bytes.prefix(length)))
                #expect(verdict.hasPrefix("not an image: the PNG is cut off: it ends "), "\(length): \(verdict)")
            }
        }
        let end = try #require(png.boundaries.dropLast().last)
        #expect(
            await verdict(Array(png.bytes.prefix(end)))
                == "not an image: the PNG is cut off: it ends at byte \(end), where another chunk was expected")
        let pixels = png.boundaries[try png.index(of: "IDAT")]
        #expect(
            await verdict(Array(png.bytes.prefix(pixels + 20))) == """
                not an image: the PNG is cut off: it ends after \(pixels + 20) bytes, but the chunk `IDAT` at byte \
                \(pixels) goes on to byte \(end)
                """)
    }

    @Test func `the chunks of a PNG come in their order`() async throws {
        let pixels = try png.index(of: "IDAT")
        let data = png.chunks[pixels].data
        let halves = [PNGParts.Chunk("IDAT", Array(data[..<10])), PNGParts.Chunk("IDAT", Array(data[10...]))]
        let text = PNGParts.Chunk("tEXt", Array("Comment\0a fox".utf8))
        let palette = PNGParts.Chunk("PLTE", [1, 2, 3])
        let good: [[UInt8]] = [
            png.with { $0.replaceSubrange(pixels...pixels, with: halves) },
            png.with { $0.insert(text, at: pixels) },
            png.with { $0.insert(text, at: pixels + 1) },
            png.with { $0.insert(PNGParts.Chunk("priv", [9]), at: pixels) },
            png.with { $0.insert(palette, at: pixels) },
            png.bytes + text.bytes,
        ]
        for bytes in good { #expect(await verdict(bytes) == "13×7") }
        let bad: [([UInt8], String)] = [
            (png.with { $0.swapAt(0, 1) }, "where the header `IHDR` was expected"),
            (png.with { $0.remove(at: 0) }, "where the header `IHDR` was expected"),
            (png.with { $0.insert($0[0], at: 1) }, "where no second header was expected"),
            (
                png.with { $0.replaceSubrange(pixels...pixels, with: [halves[0], text, halves[1]]) },
                "second run of pixels"
            ),
            (png.with { $0.insert(palette, at: pixels + 1) }, "where no palette after the pixels was expected"),
            (png.with { $0.insert(contentsOf: [palette, palette], at: pixels) }, "no second palette"),
            // A name in capitals: one that a viewer must know to show the image.
            (png.with { $0.insert(PNGParts.Chunk("JUNK"), at: pixels) }, "where a chunk that PNG knows was expected"),
            (png.with { $0.remove(at: pixels) }, "has no picture in it"),
            (png.with { $0[pixels].data = [] }, "has no picture in it"),
            (png.with { $0.removeLast() }, "where another chunk was expected"),
            (png.with { $0[pixels].type = "ID T" }, "the four letters of a chunk's type were expected"),
            (png.with { $0[0].data.append(0) }, "has 14 bytes instead of 13"),
            (
                png.with { $0.insert(PNGParts.Chunk("PLTE", [1, 2]), at: pixels) },
                "has 2 bytes, which are no 1 to 256 colours"
            ),
            (png.with { $0[0].data[9] = 3 }, "where the palette `PLTE` was expected"),
            (png.with { $0[0].data[9] = 5 }, "colour type 5 with 8 bits a sample"),
            (png.with { $0[0].data[8] = 4 }, "colour type 2 with 4 bits a sample"),
            (png.with { $0[0].data[12] = 2 }, "has a header that no PNG has"),
            (png.with { $0[0].data[3] = 0 }, "gives its size as 0×7 px"),
            (png.with { $0[0].data[0] = 0x80 }, "gives its size as 2147483661×7 px"),
        ]
        for (bytes, words) in bad {
            let verdict = await verdict(bytes)
            #expect(verdict.hasPrefix("not an image: the PNG ") && verdict.contains(words), "\(verdict)")
        }
        #expect(folder.tree.count == good.count)
    }

    @Test func `a length that no chunk has is refused without being followed`() async throws {
        var bytes = png.bytes
        bytes.replaceSubrange(33..<37, with: [0xFF, 0xFF, 0xFF, 0xFF])
        #expect(await verdict(bytes).hasSuffix("at byte 33 claims 4294967295 bytes, more than a chunk may have"))
        bytes.replaceSubrange(33..<37, with: [0x7F, 0xFF, 0xFF, 0xFF])
        #expect(await verdict(bytes).contains("goes on to byte 2147483692"))
    }

    // MARK: JPEG

    /// Where each marker segment of a JPEG's header begins, up to its first scan.
    private func segments(_ bytes: [UInt8]) -> [(marker: UInt8, start: Int)] {
        var found: [(marker: UInt8, start: Int)] = []
        var offset = 2
        while offset + 4 < bytes.count, bytes[offset] == 0xFF {
            found.append((bytes[offset + 1], offset))
            if bytes[offset + 1] == 0xDA { break }
            offset += 2 + Int(bytes[offset + 2]) << 8 + Int(bytes[offset + 3])
        }
        return found
    }

    @Test(arguments: [Fixture.baselineJPEG, .progressiveJPEG])
    func `the segments of a JPEG end where the next one begins`(image: Fixture) async throws {
        let found = segments(image.bytes)
        #expect(found.count > 5 && found.last?.marker == 0xDA)
        for (marker, start) in found where marker != 0xDA {
            for change in [-1, 1, 0x0400] {
                var bytes = image.bytes
                let length = Int(bytes[start + 2]) << 8 + Int(bytes[start + 3]) + change
                bytes.replaceSubrange((start + 2)...(start + 3), with: [UInt8(length >> 8), UInt8(length & 255)])
                let verdict = await verdict(bytes)
                #expect(
                    verdict.hasPrefix("not an image: the JPEG "), "ff\(String(marker, radix: 16)) \(change): \(verdict)"
                )
            }
            for length in [start + 1, start + 2, start + 3] {
                #expect(
                    await verdict(Array(image.bytes.prefix(length))).contains("the JPEG is cut off: it ends after "))
            }
        }
    }

    @Test func `a JPEG is one frame, then its scans, then its end`() async throws {
        let bytes = Fixture.baselineJPEG.bytes
        let found = segments(bytes)
        let frame = try #require(found.first { (0xC0...0xC2).contains($0.marker) }?.start)
        let scan = try #require(found.last?.start)
        let length = 2 + Int(bytes[frame + 2]) << 8 + Int(bytes[frame + 3])
        let frameBytes = Array(bytes[frame..<(frame + length)])
        func changed(_ change: (inout [UInt8]) -> Void) -> [UInt8] {
            var copy = bytes
            change(&copy)
            return copy
        }
        let bad: [([UInt8], String)] = [
            (changed { $0.removeSubrange(frame..<(frame + length)) }, "is a scan without a frame before it"),
            (changed { $0.insert(contentsOf: frameBytes, at: frame) }, "at byte \(frame + length) is a second frame"),
            (changed { $0.removeLast(2) }, "is cut off: it ends after \(bytes.count - 2) bytes"),
            (changed { $0.removeSubrange(scan..<($0.count - 2)) }, "has no picture in it"),
            (changed { $0.insert(0, at: frame) }, "at byte \(frame) a marker was expected"),
            (changed { $0.insert(contentsOf: [0xFF, 0xD8], at: frame) }, "a marker that cannot stand there"),
            (changed { $0.insert(contentsOf: [0xFF, 0xFE, 0, 1], at: frame) }, "is a segment of 1 bytes"),
            (changed { $0[frame + 9] = 1 }, "a frame of 1 components with another length"),
            (changed { $0[frame + 8] = 0 }, "gives its size as 0×7 px"),
        ]
        for (bytes, words) in bad {
            let verdict = await verdict(bytes)
            #expect(verdict.hasPrefix("not an image: the JPEG ") && verdict.contains(words), "\(verdict)")
        }
        // Bytes that fill up before a marker.
        #expect(await verdict(changed { $0.insert(contentsOf: [0xFF, 0xFF], at: frame) }) == "13×7")
    }

    // MARK: WebP

    @Test(arguments: [Fixture.lossyWebP, .losslessWebP, .extendedWebP])
    func `the chunks of a WebP fill the file, and the file has the length that it gives`(image: Fixture) async throws {
        let bytes = image.bytes
        func changed(_ change: (inout [UInt8]) -> Void) -> [UInt8] {
            var copy = bytes
            change(&copy)
            return copy
        }
        func longer(_ addition: some Collection<UInt8>) -> [UInt8] {
            let whole = bytes + addition
            let length = UInt32(whole.count - 8)
            return whole[..<4] + bigEndian(length).reversed() + whole[8...]
        }
        let bad: [([UInt8], String)] = [
            (bytes + [0, 0], "has \(bytes.count + 2) bytes instead of the \(bytes.count) that its header gives"),
            (Array(bytes.dropLast(2)), "is cut off: \(bytes.count - 2) of \(bytes.count) bytes"),
            (changed { $0[4] += 8 }, "is cut off: \(bytes.count) of \(bytes.count + 8) bytes"),
            (changed { $0[4] -= 8 }, "bytes instead of the \(bytes.count - 8) that its header gives"),
            (changed { $0[17] += 1 }, "at byte 12 goes on to byte "),
            (changed { $0[12] = UInt8(ascii: "X") }, "at byte 12 is no picture and no header"),
            (changed { $0[13] = 0 }, "at byte 12 the four letters of a chunk's type were expected"),
            (longer("VP8 ".utf8), "at byte \(bytes.count) a chunk begins that has no room"),
            (longer(bytes[12...]), "at byte \(bytes.count)"),
        ]
        for (bytes, words) in bad {
            let verdict = await verdict(bytes)
            #expect(verdict.hasPrefix("not an image: the WebP ") && verdict.contains(words), "\(verdict)")
        }
        #expect(await verdict(longer("EXIF".utf8 + [4, 0, 0, 0, 1, 2, 3, 4])) == "13×7")
        #expect(await verdict(longer("EXIF".utf8 + [3, 0, 0, 0, 1, 2, 3])) == "13×7")
        #expect(await verdict(longer("EXIF".utf8 + [3, 0, 0, 0, 1, 2, 3]) + [0]) == "13×7")
    }

    @Test func `the pictures of a WebP agree with their header`() async throws {
        var other = Fixture.extendedWebP.bytes
        other[24] += 1
        #expect(
            await verdict(other).hasSuffix("the WebP is damaged: its header says 14×7 px, its picture 13×7 px"))
        var short = Fixture.lossyWebP.bytes
        short[22] = 0xFF
        #expect(await verdict(short).hasSuffix("the chunk `VP8 ` at byte 12 is shorter than its first part"))
        var odd = Fixture.lossyWebP.bytes
        odd[23] = 0
        #expect(await verdict(odd).hasSuffix("the chunk `VP8 ` at byte 12 is not the beginning of a picture"))
        // Only a header, and no picture after it.
        let bare = Array("RIFF".utf8) + [22, 0, 0, 0] + Fixture.extendedWebP.bytes[8..<30]
        #expect(await verdict(bare).hasSuffix("the WebP has no picture in it"))
        // The frames of an animation are no picture of the canvas's size.
        var moving = Array("RIFF".utf8) + [38, 0, 0, 0] + Fixture.extendedWebP.bytes[8..<30]
        moving += Array("ANMF".utf8) + [8, 0, 0, 0] + [UInt8](repeating: 0, count: 8)
        #expect(await verdict(moving) == "13×7")
    }
}
