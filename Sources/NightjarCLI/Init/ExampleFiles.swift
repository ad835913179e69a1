/// What `init` writes.
enum ExampleFiles {
    static let manifestName = "manifest.yaml"
    static let configurationName = "nightjar.yaml"
    /// Beside them: the schemas that editors complete and check them by.
    static let schemaFolder = ".nightjar-schema"

    /// The schemas by name, as they were when this was built.
    static var schemas: [(name: String, text: String)] {
        [
            ("configuration.schema.json", String(decoding: PackageResources.configuration_schema_json, as: UTF8.self)),
            ("manifest.schema.json", String(decoding: PackageResources.manifest_schema_json, as: UTF8.self)),
        ]
    }

    private static func head(_ schema: String) -> String {
        "# yaml-language-server: $schema=\(schemaFolder)/\(schema)\n"
    }

    /// Options of `run` and of the daemon, each commented out with its default.
    static var configuration: String {
        let ofDaemon = Setting.allCases.filter(Setting.ofDaemon.contains)
        let ofRuns = Setting.allCases.filter { !Setting.ofDaemon.contains($0) }
        return head("configuration.schema.json") + configurationHead + lines(ofRuns) + configurationLists + daemonPart
            + lines(ofDaemon) + daemonLists
    }

    private static func lines(_ settings: [Setting]) -> String {
        let lines = settings.map { ("#\($0.rawValue): \($0.example.value)", $0.example.words) }
        let widest = lines.map(\.0.utf8.count).max() ?? 0
        return lines.map { "\(Cells.padded($0.0, to: widest))  # \($0.1)\n" }.joined()
    }

    private static let configurationHead = """
        #
        # What runs and the daemon have in common: nightjar run manifest.yaml --config nightjar.yaml
        # (or put this file where it is found by itself: ~/.config/nightjar/nightjar.yaml, the daemon's to
        # /etc/nightjar/nightjar.yaml)
        #
        # Every line shows a default, or, with the default in brackets, what may be given. To change one, take the `#`
        # away. A flag (`--max-jobs 500`) and the environment (`NIGHTJAR_MAX_JOBS=500`) go before this file.
        # The key never stands here.


        """

    private static let configurationLists = """

        # What one image costs, by model, in your currency: for `plan`, and for every budget.
        #prices:
          #tensorart-illustrious-xl-v2-aesthetic: 0.01

        # For all batches together, from midnight to midnight.
        #daily:
          #budget: 50.00
          #max_jobs: 5000
          #timezone: Europe/Paris            # whose midnight (the machine's)

        # Unfinished jobs at one time, by model.
        #model_concurrency:
          #tensorart-animagine-xl: 2

        # Private hosts that results may come from, besides the API's own.
        #result_hosts: [nas.local, "10.0.0.7:9000"]

        """

    /// What follows is the daemon's; `max_duration`, `max_jobs` and `budget` above are not for it.
    static let daemonPart = """

        # The daemon. It needs an inbox, and takes no `max_duration`, `max_jobs` and `budget` from above, which are of one
        # run: `nightjar daemon --check --config nightjar.yaml` says what it would do.


        """

    private static let daemonLists = """

        # Folders that manifests are dropped into: each a path, or a path and what holds for what is dropped there.
        #inbox:
          #- /srv/nightjar/inbox
          #- path: /srv/nightjar/team/inbox
            #output: /srv/nightjar/team/images   # where its images go (`output`)
            #priority: 0                         # the highest of its batches (what the manifest says)
            #weight: 1                           # its share among batches of one priority
            #concurrency: 4                      # all its batches together (no limit of their own)
            #rate: 60/min                        # all its batches together (no limit of their own)
            #max_jobs: 2000                      # each of its batches (no limit)
            #budget: 25.00                       # each of its batches (no limit)
            #group: users                        # owns what is written (the process's own)
            #mode: "0640"                        # of the files that are written (by the umask)

        # Who is told when: finished, failures, gate (nothing goes on), digest (once a day). Secrets stand in files.
        #notify:
          #- on: [failures, gate]
            #failure_share: 20                   # percent of at least 20 ended jobs of a batch
            #command: [/usr/local/bin/page-somebody, --service, nightjar]
          #- on: finished
            #webhook: https://ntfy.example/nightjar
            #format: ntfy                        # json (the default), ntfy or slack
          #- on: digest
            #digest: "08:00"
            #timezone: Europe/Paris              # (the machine's)
            #url_file: /etc/nightjar/ntfy-address
            #token_file: /etc/nightjar/ntfy-token
            #format: ntfy

        """

    /// A small batch that runs as it stands, and every part of the language commented out.
    static var manifest: String { head("manifest.schema.json") + manifestText }

    private static let manifestText = #"""
        #
        # Images to make. See what it would do:  nightjar plan manifest.yaml
        # Try it without a key and without cost: nightjar run --rehearse manifest.yaml
        #
        # A line with `#` and no blank after it is one that you may use: take the `#` away.

        version: 1

        # The batch's identity: edit the manifest and run it again, and only what is new is made.
        name: first-light

        # Sent with every prompt that does not say otherwise. What is not given is not sent.
        defaults:
          model: tensorart-illustrious-xl-v2-aesthetic
          width: 768
          height: 512
          negative_prompt: "blurry, lowres, watermark"
          #steps: 28
          #cfg_scale: 6.5
          #sampler: euler_a
          #seed: server                     # the API chooses; else every job gets a seed of its own

        # Images of each prompt; or their seeds, [1, 2, 3] or {from: 100, count: 50}.
        seeds: 2

        # Variables and their values: every combination is made. An axis named like a request field sets it.
        #matrix:
          #style: [cyberpunk, watercolor]
          #steps: [20, 40]
          #subject: {file: subjects.txt}    # one value a line; of .csv and .jsonl with `column: NAME`

        # Combinations that are not made.
        #exclude:
          #- {style: watercolor, steps: [40]}

        prompts:
          - "A lighthouse at first light, calm sea, long shadows"
          - "A fox asleep under fresh snow"
          - "An old observatory on a hill, the dome half open"
          - id: hero                        # with an id, the text may be edited: it stays the same job
            prompt: "The whole valley from above, one window lit"
            width: 1024
            height: 576
            #seed: 42                       # this seed, and one image
            #variants: none                 # take the text as it stands, braces and all
            #meta: {split: test}            # carried into the metadata
          #- "A city at night, ${style}, ${subject}"
          #- "A {red|blue|3::green} lantern, {2$$fog|rain|snow}"
          #- "A harbour, __lighting__"      # a line of wildcards/lighting.txt

        # More prompts from a file: .txt, .csv or .jsonl; columns named like request fields set them, others are variables.
        #prompts_from: {file: prompts.jsonl}

        # Of {a|b} and __lists__: all combinations, one at random for each image, or none.
        #variants: all

        # Where __lists__ are looked for.
        #wildcards: wildcards

        # Draw this many of all combinations instead of making every one.
        #sample: {count: 10, seed: 7}

        # Where images go, below the output folder, and what is written beside them.
        #output:
          #path: "${batch}/${index:06}-${slug}-${seed}.${ext}"
          #sidecar: [json, txt]

        # Of this batch alone; they can only be stricter than those of the run.
        #limits: {concurrency: 4, rate: 60/min, max_jobs: 500, budget: 20.00}

        # When jobs are submitted. Of several batches the one of higher priority goes first.
        #schedule:
          #window: "22:00-07:00"
          #timezone: Europe/Paris
          #not_before: "2026-01-01 22:00"
          #deadline: "2099-12-31 07:00"
          #priority: 10

        # After the API says FAILED (which costs nothing), and the longest that a job may take.
        #retry: {attempts: 3, job_timeout: 2h}

        # Keys that begin with `x-` are yours.
        #x-note: anything

        """#
}
