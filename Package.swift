// swift-tools-version: 6.3
import PackageDescription

// The layering rule: a target imports only what its `dependencies` name. `scripts/test` builds with
// `--explicit-target-dependency-import-check error`, so this file is checked, not hoped for.

let settings: [SwiftSetting] = [
    .enableUpcomingFeature("ExistentialAny"),
    .enableUpcomingFeature("MemberImportVisibility"),
    .enableUpcomingFeature("InternalImportsByDefault"),
    .enableUpcomingFeature("NonisolatedNonsendingByDefault"),
    .treatAllWarnings(as: .error),
]

let argumentParser = Target.Dependency.product(name: "ArgumentParser", package: "swift-argument-parser")
let asyncHTTPClient = Target.Dependency.product(name: "AsyncHTTPClient", package: "async-http-client")
let crypto = Target.Dependency.product(name: "Crypto", package: "swift-crypto")
let grdbSQLite = Target.Dependency.product(name: "GRDBSQLite", package: "GRDB.swift")
let grdb = Target.Dependency.product(name: "GRDB", package: "GRDB.swift")
let httpTypes = Target.Dependency.product(name: "HTTPTypes", package: "swift-http-types")
let hummingbird = Target.Dependency.product(name: "Hummingbird", package: "hummingbird")
let logging = Target.Dependency.product(name: "Logging", package: "swift-log")
let nioCore = Target.Dependency.product(name: "NIOCore", package: "swift-nio")
let nioHTTP1 = Target.Dependency.product(name: "NIOHTTP1", package: "swift-nio")
let nioPosix = Target.Dependency.product(name: "NIOPosix", package: "swift-nio")
let nioSSL = Target.Dependency.product(name: "NIOSSL", package: "swift-nio-ssl")
let serviceLifecycle = Target.Dependency.product(name: "ServiceLifecycle", package: "swift-service-lifecycle")
let unixSignals = Target.Dependency.product(name: "UnixSignals", package: "swift-service-lifecycle")

let package = Package(
    name: "nightjar",
    products: [.executable(name: "nightjar", targets: ["nightjar"])],
    dependencies: [
        // The command line: help, completions and man pages come from the declarations.
        .package(url: "https://github.com/apple/swift-argument-parser", from: "1.8.2"),
        // SHA-256 of files, job keys and derived seeds.
        .package(url: "https://github.com/apple/swift-crypto", from: "4.5.2"),
        // Header names and status codes shared with Hummingbird's requests and responses.
        .package(url: "https://github.com/apple/swift-http-types", from: "1.8.0"),
        // Structured logs, as text and as JSON.
        .package(url: "https://github.com/apple/swift-log", from: "1.16.2"),
        // ByteBuffer and HTTP headers, the currency of the HTTP client and server.
        .package(url: "https://github.com/apple/swift-nio", from: "2.101.2"),
        // The errors of a TLS handshake, which tell a request never sent from one whose answer was lost.
        .package(url: "https://github.com/apple/swift-nio-ssl", from: "2.37.6"),
        // SQLite on the system's libsqlite3: migrations, statement cache, readers beside one writer.
        .package(url: "https://github.com/groue/GRDB.swift", from: "7.10.0"),
        // The HTTP server behind `serve` and `--rehearse`.
        .package(url: "https://github.com/hummingbird-project/hummingbird", from: "2.28.1"),
        // The HTTP client: connection pools, streaming bodies, TLS, proxies.
        .package(url: "https://github.com/swift-server/async-http-client", from: "1.37.0"),
        // Ordered start and stop of services, and signals.
        .package(url: "https://github.com/swift-server/swift-service-lifecycle", from: "2.13.0"),
    ],
    targets: [
        // The system's libraries, seen through module maps.
        .systemLibrary(name: "CLibYAML", providers: [.apt(["libyaml-dev"])]),
        .systemLibrary(name: "CLinux"),
        .systemLibrary(name: "CLibGD", providers: [.apt(["libgd-dev"])]),
        .systemLibrary(name: "CZlib", providers: [.apt(["zlib1g-dev"])]),

        // Pure: no input, no output.
        .target(name: "NightjarCore", dependencies: [crypto]),
        .target(name: "JobsAPI"),
        .target(name: "PromptLanguage"),

        // One job each.
        .target(name: "YAMLStream", dependencies: ["CLibYAML"], swiftSettings: [.strictMemorySafety()]),
        .target(name: "Pictures", dependencies: ["CLibGD"]),
        .target(name: "NightjarManifest", dependencies: ["NightjarCore", "PromptLanguage", "YAMLStream", crypto]),
        .target(
            name: "JobsAPIClient",
            dependencies: ["JobsAPI", "NightjarCore", asyncHTTPClient, nioCore, nioHTTP1, nioPosix, nioSSL]),
        .target(name: "NightjarStore", dependencies: ["NightjarCore", grdb, grdbSQLite]),
        .target(name: "NightjarFiles", dependencies: ["CLinux", "CZlib", "NightjarCore", "Pictures", crypto]),
        .target(name: "NightjarRunner", dependencies: ["NightjarCore"]),
        .target(
            name: "NightjarDaemon",
            dependencies: [
                "CLinux", "NightjarCore", "NightjarFiles", "NightjarManifest", "NightjarRunner", asyncHTTPClient,
                crypto, logging, nioCore, serviceLifecycle,
            ]),
        .target(
            name: "NightjarDashboard",
            dependencies: ["NightjarCore", httpTypes, hummingbird, logging, nioCore, serviceLifecycle]),
        .target(
            name: "JobsAPIServer",
            dependencies: [
                "JobsAPI", "Pictures", crypto, grdb, httpTypes, hummingbird, logging, nioCore, serviceLifecycle,
            ]),

        // Where the parts meet.
        .target(
            name: "NightjarCLI",
            dependencies: [
                "JobsAPI", "JobsAPIClient", "JobsAPIServer", "NightjarCore", "NightjarDaemon", "NightjarDashboard",
                "NightjarFiles", "NightjarManifest", "NightjarRunner", "NightjarStore", "YAMLStream", argumentParser,
                logging, serviceLifecycle, unixSignals,
            ],
            // What `init` writes beside its examples; links to `docs/schema`.
            resources: [
                .embedInCode("Init/Schemas/configuration.schema.json"),
                .embedInCode("Init/Schemas/manifest.schema.json"),
            ]),
        .executableTarget(name: "nightjar", dependencies: ["NightjarCLI"]),

        // Tests.
        .target(name: "NightjarTestSupport", dependencies: ["NightjarCore"], path: "Tests/NightjarTestSupport"),
        .testTarget(name: "NightjarCoreTests", dependencies: ["NightjarCore", "NightjarTestSupport"]),
        .testTarget(
            name: "NightjarFilesTests",
            dependencies: ["NightjarCore", "NightjarFiles", "NightjarTestSupport", "Pictures", crypto]),
        .testTarget(
            name: "YAMLStreamTests", dependencies: ["NightjarTestSupport", "YAMLStream"]),
        .testTarget(
            name: "NightjarManifestTests",
            dependencies: ["NightjarCore", "NightjarManifest", "NightjarTestSupport", "PromptLanguage", "YAMLStream"],
            exclude: ["Fixtures"]),
        .testTarget(name: "JobsAPITests", dependencies: ["JobsAPI"]),
        .testTarget(name: "PromptLanguageTests", dependencies: ["PromptLanguage"], exclude: ["Differential"]),
        .testTarget(name: "PicturesTests", dependencies: ["Pictures"]),
        .testTarget(
            name: "JobsAPIClientTests",
            dependencies: [
                "JobsAPIClient", "NightjarCore", "NightjarTestSupport", asyncHTTPClient, nioCore, nioPosix, nioSSL,
            ]),
        .testTarget(
            name: "NightjarStoreTests",
            dependencies: ["NightjarCore", "NightjarStore", "NightjarTestSupport", crypto, grdb, grdbSQLite],
            exclude: ["Fixtures"]),
        .testTarget(
            name: "NightjarRunnerTests",
            dependencies: ["NightjarCore", "NightjarRunner", "NightjarStore", "NightjarTestSupport"]),
        .testTarget(
            name: "NightjarDaemonTests",
            dependencies: [
                "CLinux", "NightjarCore", "NightjarDaemon", "NightjarFiles", "NightjarManifest", "NightjarRunner",
                "NightjarStore", "NightjarTestSupport", logging, serviceLifecycle,
            ]),
        .testTarget(
            name: "NightjarDashboardTests",
            dependencies: ["NightjarCore", "NightjarDashboard", "NightjarTestSupport", logging, serviceLifecycle]),
        .testTarget(
            name: "JobsAPIServerTests",
            dependencies: [
                "JobsAPI", "JobsAPIServer", "NightjarTestSupport", "Pictures", grdb, logging, serviceLifecycle,
            ]),
        .testTarget(
            name: "NightjarCLITests",
            dependencies: [
                "JobsAPIClient", "NightjarCLI", "NightjarCore", "NightjarDaemon", "NightjarDashboard",
                "NightjarManifest", "NightjarRunner", "NightjarStore", "NightjarTestSupport", logging,
            ],
            exclude: ["Configuration/Fixtures"]),
        // Starts the real program, so that must have been built.
        .testTarget(
            name: "IntegrationTests", dependencies: ["NightjarCore", "NightjarTestSupport", "nightjar", crypto]),
    ]
)

// libFuzzer brings the program's beginning, so this is a library that `scripts/fuzz` links with it.
if Context.environment["NIGHTJAR_FUZZ"] != nil {
    package.products.append(.library(name: "FuzzManifest", type: .static, targets: ["FuzzManifest"]))
    package.targets.append(
        .target(
            name: "FuzzManifest", dependencies: ["NightjarCore", "NightjarManifest"], path: "Tests/Fuzz/FuzzManifest"))
}

for target in package.targets where target.type != .system && target.type != .plugin {
    target.swiftSettings = (target.swiftSettings ?? []) + settings
}
