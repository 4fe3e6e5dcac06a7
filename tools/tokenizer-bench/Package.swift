// swift-tools-version: 6.2
import PackageDescription

// What tools/bench-tokenizer measures of synpo. A package of its own, since nobody else needs it.

let package = Package(
  name: "tokenizer-bench",
  dependencies: [.package(name: "synpo", path: "../..")],
  targets: [
    .executableTarget(
      name: "TokenizerBench",
      dependencies: [.product(name: "SynPOLayers", package: "synpo")],
      swiftSettings: [
        .enableUpcomingFeature("ExistentialAny"),
        .enableUpcomingFeature("InternalImportsByDefault"),
        .enableUpcomingFeature("MemberImportVisibility"),
        .strictMemorySafety(),
      ])
  ],
  swiftLanguageModes: [.v6]
)
