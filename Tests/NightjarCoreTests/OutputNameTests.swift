import NightjarCore
import NightjarTestSupport
import Testing

@Suite struct OutputNameTests {
    private func values(
        batch: String = "neon", index: Int = 7, prompt: String = "A fox", seed: Int64? = 42, label: String? = nil,
        model: String = "m/1"
    ) -> PathTemplate.Values {
        PathTemplate.Values(
            batch: batch, index: index, prompt: prompt, seed: seed, label: label,
            key: JobKey(high: 0x0123_4567_89AB_CDEF, low: 1), model: model)
    }

    @Test(arguments: [
        ("${batch}/${index:06}-${slug}-${seed}.${ext}", "neon/000007-a-fox-42.png"), ("${index}.${ext}", "7.png"),
        ("a/b/${id}.${ext}", "a/b/0123456789ab.png"),
        (
            "${ext}/${model}-${key}.${ext}",
            "png/m_1-0123456789abcdef0000000000000001.png"
        ), ("$x/$${seed}.${ext}", "$x/$42.png"),
        (".hidden/${seed}.${ext}", "_hidden/42.png"), ("..${batch}/.x${seed}.${ext}", "_.neon/_x42.png"),
        ("ä/日本-${seed}.${ext}", "ä/日本-42.png"), ("${index:018}.${ext}", "000000000000000007.png"),
    ])
    func `a template makes a path`(template: String, path: String) throws {
        #expect(try PathTemplate(template).path(for: values(), ext: "png") == path)
    }

    @Test func `without a seed the path says server, and an id stands for the key`() throws {
        let template = try PathTemplate("${id}-${seed}.${ext}")
        #expect(template.path(for: values(seed: nil, label: "../hero"), ext: "jpg") == "_._hero-server.jpg")
    }

    @Test(arguments: [
        ("${batch}/x.png", "must end in `.${ext}`"), ("${ext}", "must end in `.${ext}`"), ("", "must end in `.${ext}`"),
        ("x-${ext}", "must end in `.${ext}`"), ("/abs/${seed}.${ext}", "below the output folder"),
        ("a//${seed}.${ext}", "below the output folder"), ("a/../${seed}.${ext}", "below the output folder"),
        ("./${seed}.${ext}", "below the output folder"), ("${seed", "`${` is not closed"),
        ("${s d}.${ext}", "unknown variable `${s d}`"), ("${1a}.${ext}", "unknown variable `${1a}`"),
        ("${ä}.${ext}", "unknown variable `${ä}`"), ("${style:06}.${ext}", "`:06` is no width"),
        ("${index:6}.${ext}", "`:6` is no width"),
        ("${seed:06}.${ext}", "`:06` is no width"), ("${index:0}.${ext}", "`:0` is no width"),
        ("${index:099}.${ext}", "`:099` is no width"), ("${}.${ext}", "unknown variable `${}`"),
    ])
    func `a template that cannot be used says why`(template: String, words: String) {
        let error = #expect(throws: PathTemplate.Malformed.self) { try PathTemplate(template) }
        #expect(error?.message.contains(words) == true, "\(error?.message ?? "no error")")
    }

    @Test func `other names are variables, each with its place`() throws {
        let template = try PathTemplate("日/${sed}-${my_style-2}/${index}-${sed}.${ext}")
        #expect(template.variables.map(\.name) == ["sed", "my_style-2", "sed"])
        #expect(template.variables.map(\.offset) == [2, 9, 32])
        #expect(template.variables.map(\.length) == [6, 13, 6])
        #expect(try PathTemplate("${batch}/${index:06}-${slug}.${ext}").variables.isEmpty)
    }

    @Test func `of an unknown variable the near name is offered`() {
        let ours = PathTemplate.unknownVariable(name: "sed", known: ["style"], offset: 2, length: 6)
        #expect(ours.message == "unknown variable `${sed}` in the path")
        #expect(ours.hint == "did you mean `${seed}`?" && ours.offset == 2 && ours.length == 6)
        let theirs = PathTemplate.unknownVariable(name: "stile", known: ["style"], offset: 0, length: 8)
        #expect(theirs.hint == "did you mean `${style}`?")
        let neither = PathTemplate.unknownVariable(name: "quality", known: ["style"], offset: 0, length: 10)
        #expect(neither.hint == "known are batch, index, slug, seed, ext, id, key, model, style")
    }

    @Test(arguments: [
        ("ink", "neon/ink/7-ink.png"), ("../x", "neon/_._x/7-.._x.png"), ("/etc", "neon/_etc/7-_etc.png"),
        (".hidden", "neon/_hidden/7-.hidden.png"), ("..", "neon/_./7-...png"), ("", "neon/_/7-.png"),
        ("a\0b\nc\u{9F}", "neon/a_b_c_/7-a_b_c_.png"), ("👩‍👩‍👧‍👦", "neon/👩‍👩‍👧‍👦/7-👩‍👩‍👧‍👦.png"), ("a\\b", "neon/a_b/7-a_b.png"),
        ("\"q\"", "neon/\"q\"/7-\"q\".png"),
    ])
    func `the value of a variable stays in its component`(value: String, path: String) throws {
        var object = JSONWriter()
        object.add("style", value)
        var values = values()
        values.variables = object.text
        let made = try PathTemplate("${batch}/${style}/${index}-${style}.${ext}").path(for: values, ext: "png")
        #expect(Array(made.utf8) == Array(path.utf8), "\(made)")
    }

    @Test func `a long value is cut where a component ends`() throws {
        var object = JSONWriter()
        object.add("style", String(repeating: "é", count: 150))
        var values = values()
        values.variables = object.text
        let path = try PathTemplate("${style}/${style}.${ext}").path(for: values, ext: "png")
        #expect(path == String(repeating: "é", count: 100) + "/" + String(repeating: "é", count: 97) + ".png")
    }

    @Test func `other values beside a text do not hide it`() throws {
        var values = values()
        values.variables = #"{"n": 1, "style": "ink", "list": ["a"]}"#
        #expect(try PathTemplate("${style}${n}.${ext}").path(for: values, ext: "png") == "ink.png")
    }

    @Test(arguments: [nil, "{}", #"{"hue":"red"}"#, #"{"style":7}"#, "not json"])
    func `a variable that a job does not have is empty`(variables: String?) throws {
        var values = values()
        values.variables = variables
        let template = try PathTemplate("${style}/a-${style}-${index}.${ext}")
        #expect(template.path(for: values, ext: "png") == "_/a--7.png")
    }

    @Test func `a template knows what it uses`() throws {
        #expect(try PathTemplate("${index}.${ext}").tellsJobsApart)
        #expect(try PathTemplate("${key}/x.${ext}").tellsJobsApart)
        #expect(try !PathTemplate("${slug}-${seed}.${ext}").tellsJobsApart)
        #expect(try !PathTemplate("${style}.${ext}").tellsJobsApart)
        #expect(try PathTemplate("${slug}-${seed}.${ext}").uses(.seed))
        #expect(try !PathTemplate("${slug}.${ext}").uses(.seed))
    }

    @Test func `whatever is put in, every component is safe`() throws {
        var random = SeededGenerator()
        print(random)
        let pool = [
            "/", "..", ".", "\\", "\0", "\n", "\u{301}", "\u{85}", "é", "日", "👩‍👩‍👧‍👦", "a", " ", "~", "-", "\u{202E}",
        ]
        let template = try PathTemplate("${batch}/${model}${id}${style}/${style}${slug}${model}.${ext}")
        for _ in 0..<2000 {
            func text() -> String {
                let length = Int.random(in: 0...(Bool.random(using: &random) ? 5 : 150), using: &random)
                return (0..<length).map { _ in pool.randomElement(using: &random) ?? "" }.joined()
            }
            var values = values(batch: text(), prompt: text(), label: text(), model: text())
            var object = JSONWriter()
            object.add("style", text())
            values.variables = object.text
            let path = template.path(for: values, ext: "webp")
            let components = path.utf8.split(separator: UInt8(ascii: "/"), omittingEmptySubsequences: false)
            #expect(components.count == 3, "\(random)")
            for component in components {
                #expect((1...200).contains(component.count) && component.first != UInt8(ascii: "."), "\(random)")
                #expect(component.allSatisfy { $0 >= 32 && $0 != 127 }, "\(random)")
            }
            #expect(path.hasSuffix(".webp"))
        }
    }

    @Test func `a mark after a slash hides no folder`() throws {
        let path = try PathTemplate("a/\u{301}b/${seed}.${ext}").path(for: values(), ext: "png")
        #expect(Array(path.utf8) == Array("a/\u{301}b/42.png".utf8))
    }

    @Test(arguments: [
        ("A futuristic city, neon!", "a-futuristic-city-neon"), ("", "image"), ("!!!", "image"), ("  --a--  ", "a"),
        ("Ärger im Weltall", "ärger-im-weltall"), ("日本の城、夜", "日本の城-夜"), ("Дом №5", "дом-5"), ("a/b\\c\0d", "a-b-c-d"),
        ("हिन्दी पाठ", "हिन्दी-पाठ"), ("../../etc/passwd", "etc-passwd"),
    ])
    func `a prompt becomes a slug`(prompt: String, slug: String) {
        #expect(Slug.make(prompt) == slug)
    }

    @Test func `a slug has at most 60 characters and no hyphen at either end`() {
        #expect(Slug.make(String(repeating: "a", count: 100)) == String(repeating: "a", count: 60))
        #expect(Slug.make(String(repeating: "a", count: 59) + " b") == String(repeating: "a", count: 59))
        #expect(Slug.make(String(repeating: "a", count: 58) + " b") == String(repeating: "a", count: 58) + "-b")
    }

    @Test func `a component is cut between characters`() {
        #expect(SafePathComponent.make("日本語", limit: 8) == "日本")
        #expect(SafePathComponent.make("👩‍👩‍👧‍👦", limit: 8) == "_")
        #expect(SafePathComponent.make("", limit: 8) == "_")
        #expect(SafePathComponent.make("..", limit: 8) == "_.")
        #expect(SafePathComponent.inner("a/b\\c\u{7}\u{9F}d") == "a_b_c__d")
    }
}
