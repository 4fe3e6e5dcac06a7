import Foundation
import FuzzTargets
import Testing

/// Everything the fuzzer starts from and everything that ever broke us, as ordinary tests.
struct FuzzRegressionTests {
  private static let folder = URL(filePath: #filePath)
    .deletingLastPathComponent().deletingLastPathComponent().deletingLastPathComponent()
    .appending(path: "Fuzz")

  private static func inputs(_ kind: String, of target: FuzzTarget) -> [URL] {
    let folder = folder.appending(path: kind).appending(path: target.name)
    let files = try? FileManager.default.contentsOfDirectory(
      at: folder, includingPropertiesForKeys: nil)
    return (files ?? []).sorted { $0.path < $1.path }
  }

  @Test(arguments: FuzzTarget.all.map(\.name))
  func `every target has seeds, and no input traps`(name: String) throws {
    let target = try #require(FuzzTarget.all.first { $0.name == name })
    let seeds = Self.inputs("Seeds", of: target)
    #expect(!seeds.isEmpty)
    for input in seeds + Self.inputs("Regressions", of: target) {
      let bytes = [UInt8](try Data(contentsOf: input))
      target.run(bytes)
      var repaired = bytes
      target.repair?(&repaired)
      target.run(repaired)
    }
  }

  @Test(arguments: FuzzTarget.all.map(\.name))
  func `cut and flipped seeds do not trap`(name: String) throws {
    let target = try #require(FuzzTarget.all.first { $0.name == name })
    for seed in Self.inputs("Seeds", of: target) {
      let bytes = [UInt8](try Data(contentsOf: seed))
      for step in 0..<64 {
        let place = bytes.count * step / 64
        target.run(Array(bytes[..<place]))
        var flipped = bytes
        flipped[place] ^= 1 << UInt8(step % 8)
        target.repair?(&flipped)
        target.run(flipped)
      }
    }
  }
}
