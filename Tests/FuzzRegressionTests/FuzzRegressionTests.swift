import Foundation
import FuzzTargets
import Testing

/// Everything the fuzzer starts from and everything that ever broke us, as ordinary tests.
struct FuzzRegressionTests {
  private static let folder = URL(filePath: #filePath)
    .deletingLastPathComponent().deletingLastPathComponent().deletingLastPathComponent()
    .appending(path: "Fuzz")

  private static func inputs(
    _ kind: String, of target: FuzzTarget
  ) throws -> [(file: String, bytes: [UInt8])] {
    let folder = folder.appending(path: kind).appending(path: target.name)
    let names = (try? FileManager.default.contentsOfDirectory(atPath: folder.path)) ?? []
    return try names.sorted().map { name in
      (name, [UInt8](try Data(contentsOf: folder.appending(path: name))))
    }
  }

  @Test(arguments: FuzzTarget.all.map(\.name))
  func `every target has seeds, and accepts them`(name: String) throws {
    let target = try #require(FuzzTarget.all.first { $0.name == name })
    let seeds = try Self.inputs("Seeds", of: target)
    #expect(!seeds.isEmpty)
    for (file, bytes) in seeds {
      let isAccepted = target.run(bytes)
      #expect(isAccepted, "\(file)")
      var repaired = bytes
      target.repair?(&repaired)
      let isUnchanged = repaired == bytes
      #expect(isUnchanged, "\(file) had nothing to repair")
    }
  }

  @Test(arguments: FuzzTarget.all.map(\.name))
  func `nothing that ever broke a target does so again`(name: String) throws {
    let target = try #require(FuzzTarget.all.first { $0.name == name })
    for (_, bytes) in try Self.inputs("Regressions", of: target) { _ = target.run(bytes) }
  }

  @Test(arguments: FuzzTarget.all.map(\.name))
  func `cut and flipped seeds do not trap`(name: String) throws {
    let target = try #require(FuzzTarget.all.first { $0.name == name })
    for (_, bytes) in try Self.inputs("Seeds", of: target) {
      for step in 0..<64 {
        let place = bytes.count * step / 64
        _ = target.run(Array(bytes[..<place]))
        var flipped = bytes
        flipped[place] ^= 1 << UInt8(step % 8)
        _ = target.run(flipped)
        target.repair?(&flipped)
        _ = target.run(flipped)
      }
    }
  }
}
