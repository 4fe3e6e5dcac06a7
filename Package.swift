// swift-tools-version: 6.2
import PackageDescription

// Read from top to bottom: a target uses only targets that stand above it.
// The README's map says what each one is for.

let package = Package(
  name: "synpo",
  products: [
    .executable(name: "synpo", targets: ["CLI"]),
    .executable(name: "rlog", targets: ["RLogCLI"]),
    .executable(name: "make-embedded-model", targets: ["EmbeddedModelMaker"]),
    .library(name: "FuzzTargets", targets: ["FuzzTargets"]),
    .library(name: "SynPOLayers", targets: ["RecordLog", "ModelFile", "Tokenization", "Corpus"]),
  ],
  dependencies: [
    .package(url: "https://github.com/apple/swift-argument-parser", from: "1.8.2"),
    .package(url: "https://github.com/jpsim/Yams", from: "6.2.2"),
  ],
  targets: [
    // 0. Foreign ground: each C target has exactly one Swift owner.
    .systemLibrary(name: "CLZ4", pkgConfig: "liblz4", providers: [.apt(["liblz4-dev"])]),
    .systemLibrary(name: "CCrypto", pkgConfig: "libcrypto", providers: [.apt(["libssl-dev"])]),
    .target(name: "CChecksum", cSettings: fastC),
    .target(name: "CKernels", cSettings: fastC),
    .target(name: "COpenBLAS", cSettings: fastC),
    .target(name: "CEmbedded"),

    // 1. Memory and movement
    .target(name: "Bytes"),
    .target(name: "Pipeline"),

    // 2. Formats and numbers
    .target(name: "RecordLog", dependencies: ["Bytes", "CLZ4", "CCrypto", "CChecksum"]),
    .target(name: "ModelFile", dependencies: ["Bytes"]),
    .target(name: "Tensor", dependencies: ["Bytes", "CKernels", "COpenBLAS"]),

    // 3. Meaning
    .target(name: "Exercises"),
    .target(name: "Corpus", dependencies: ["Bytes", "RecordLog"]),
    .target(name: "Tokenization", dependencies: ["ModelFile"]),
    .target(name: "Transformer", dependencies: ["Bytes", "ModelFile", "Tensor"]),

    // 4. Learning
    .target(
      name: "ModelConversion",
      dependencies: ["Bytes", "ModelFile", "Tensor", "Tokenization", "Transformer"]),
    .target(
      name: "Training",
      dependencies: ["Bytes", "ModelFile", "Tensor", "Tokenization", "Transformer"]),

    // 5. The recipe
    .target(
      name: "SynPO",
      dependencies: [
        "Bytes", "CEmbedded", "Pipeline", "RecordLog", "ModelFile", "Tensor", "Exercises", "Corpus",
        "Tokenization", "Transformer", "ModelConversion", "Training",
        .product(name: "Yams", package: "Yams"),
      ]),

    // 6. Pages and plots
    .target(name: "Report", dependencies: ["Bytes", "RecordLog", "Corpus", "SynPO"]),

    // 7. Words on a terminal
    .executableTarget(
      name: "CLI",
      dependencies: [
        "Bytes", "Pipeline", "RecordLog", "ModelFile", "Tensor", "Exercises", "Corpus",
        "Tokenization", "Transformer", "ModelConversion", "Training", "SynPO", "Report",
        .product(name: "ArgumentParser", package: "swift-argument-parser"),
      ]),
    .executableTarget(
      name: "RLogCLI",
      dependencies: [
        "Bytes", "Pipeline", "RecordLog",
        .product(name: "ArgumentParser", package: "swift-argument-parser"),
      ]),

    // Makes the model that CEmbedded links in; see tools/make-embedded-model.
    .executableTarget(
      name: "EmbeddedModelMaker",
      dependencies: [
        "Corpus", "Exercises", "ModelFile", "SynPO", "Tensor", "Tokenization", "Training",
        "Transformer",
      ]),

    .target(name: "TestSupport", dependencies: ["Bytes"], path: "Tests/TestSupport"),

    // Every way in for bytes from outside; the fuzzer is a package of its own, in Fuzz.
    .target(
      name: "FuzzTargets",
      dependencies: [
        "Bytes", "CLZ4", "RecordLog", "ModelFile", "Corpus", "Tokenization", "TestSupport",
      ],
      path: "Fuzz/Sources/FuzzTargets"),

    // Tests mirror the sources.
    tests("Bytes"),
    tests("Pipeline"),
    tests("RecordLog", "Bytes", "CChecksum"),
    tests("ModelFile", "Bytes"),
    tests("Tensor", "Bytes", "CKernels"),
    tests("Exercises"),
    tests("Corpus", "Bytes", "RecordLog"),
    tests("Tokenization", "ModelFile"),
    tests("Transformer", "Bytes", "ModelFile", "Tensor", "Tokenization", "ModelConversion"),
    tests("ModelConversion", "Bytes", "ModelFile", "Tensor", "Tokenization", "Transformer"),
    tests(
      "Training", "Bytes", "ModelFile", "Tensor", "Tokenization", "Transformer", "ModelConversion"),
    tests(
      "SynPO", "Bytes", "Pipeline", "RecordLog", "ModelFile", "Exercises", "Corpus", "Tokenization",
      "Transformer", "ModelConversion", "Training"),
    tests("Report", "Bytes", "RecordLog", "Corpus", "SynPO"),
    .testTarget(name: "FuzzRegressionTests", dependencies: ["FuzzTargets"]),
    .testTarget(
      name: "CommandTests",
      dependencies: ["TestSupport", "Bytes", "RecordLog", "CLI", "RLogCLI"]),
  ],
  swiftLanguageModes: [.v6],
  cLanguageStandard: .gnu17
)

/// Kernels and checksums are only worth having when they are compiled for speed, in tests too.
var fastC: [CSetting] { [.unsafeFlags(["-O3"])] }

/// A test target that mirrors the source target `name`.
func tests(_ name: String, _ others: String...) -> Target {
  .testTarget(
    name: name + "Tests",
    dependencies: (["TestSupport", name] + others).map { .init(stringLiteral: $0) },
    exclude: ["RecordLog", "Tokenization", "Transformer"].contains(name) ? ["Golden"] : [])
}

let foreign: Set = ["CLZ4", "CCrypto", "CChecksum", "CKernels", "COpenBLAS", "CEmbedded"]

// What every Swift target of ours has in common. Tests run optimised code, too: numeric loops are
// a hundred times slower without it.
for target in package.targets where !foreign.contains(target.name) {
  target.swiftSettings = [
    .enableUpcomingFeature("ExistentialAny"),
    .enableUpcomingFeature("InternalImportsByDefault"),
    .enableUpcomingFeature("MemberImportVisibility"),
    .enableExperimentalFeature("Lifetimes"),
    .unsafeFlags(["-O"], .when(configuration: .debug)),
  ]
  if target.type != .test, target.name != "TestSupport" {
    target.swiftSettings?.append(.strictMemorySafety())
  }
}
