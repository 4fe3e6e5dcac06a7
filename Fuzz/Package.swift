// swift-tools-version: 6.2
import PackageDescription

// A package of its own, so that the sanitizers' flags stay out of the main build. The targets that
// are fuzzed belong to the main package, whose tests run them over Seeds and Regressions, too.

let package = Package(
  name: "synpo-fuzz",
  dependencies: [.package(name: "synpo", path: "..")],
  targets: [
    .target(name: "CFuzzer"),
    .executableTarget(
      name: "Fuzz",
      dependencies: ["CFuzzer", .product(name: "FuzzTargets", package: "synpo")],
      swiftSettings: [
        .enableUpcomingFeature("ExistentialAny"),
        .enableUpcomingFeature("InternalImportsByDefault"),
        .enableUpcomingFeature("MemberImportVisibility"),
        .strictMemorySafety(),
      ]),
  ],
  swiftLanguageModes: [.v6]
)
