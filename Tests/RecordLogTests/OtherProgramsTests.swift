import Bytes
import Foundation
import TestSupport
import Testing

@testable import RecordLog

/// What programs that know nothing of ours make of our files.
struct OtherProgramsTests {
  static let records = lines(3000)

  func log(in folder: TemporaryFolder) throws -> String {
    let path = folder.file("a.rlg")
    var options = repeatable(chunk: 20_000)
    options.firstSequence = 5
    try write(Self.records, to: path, options: options, committingEvery: 1100)
    return path
  }

  @Test(.enabled(if: isInstalled("lz4"), "lz4 is not installed"))
  func `the lz4 tool tests our file and prints its records`() throws {
    let folder = try TemporaryFolder()
    let path = try log(in: folder)
    let test = try shell("cp \(path) \(path).lz4 && lz4 -t \(path).lz4")
    #expect(test.code == 0, "\(test.complaint)")
    for line in ["lz4 -dc \(path)", "lz4 -dc < \(path)", "cat \(path) | lz4 -dc"] {
      let printed = try shell(line)
      #expect(printed.code == 0, "\(printed.complaint)")
      #expect(printed.text == Self.records.joined(separator: "\n") + "\n", "\(line)")
    }
  }

  @Test(.enabled(if: isInstalled("lz4") && isInstalled("jq"), "lz4 or jq is not installed"))
  func `jq reads what the lz4 tool prints`() throws {
    let folder = try TemporaryFolder()
    let printed = try shell("lz4 -dc \(try log(in: folder)) | jq -c .")
    #expect(printed.code == 0)
    #expect(printed.text == Self.records.joined(separator: "\n") + "\n")
  }

  @Test(.enabled(if: isInstalled("lz4"), "lz4 is not installed"))
  func `incompressible and empty logs are LZ4 streams, too`() throws {
    let folder = try TemporaryFolder()
    let noise = (0..<40_000).map { _ in String(UInt64.random(in: .min ... .max), radix: 36) }
    for (name, records) in [("noise", [noise.joined()]), ("empty", [])] {
      try write(records, to: folder.file(name))
      let printed = try shell("lz4 -dc < \(folder.file(name))")
      #expect(printed.code == 0, "\(printed.complaint)")
      #expect(printed.text == records.map { $0 + "\n" }.joined())
    }
  }

  static let reader = URL(filePath: #filePath).deletingLastPathComponent()
    .deletingLastPathComponent().deletingLastPathComponent().appending(path: "tools/rlg_reader.py")

  @Test(.enabled(if: isInstalled("python3"), "python3 is not installed"))
  func `a reader written from the specification alone agrees`() throws {
    let folder = try TemporaryFolder()
    let path = try log(in: folder)
    let printed = try shell("python3 \(Self.reader.path) \(path)")
    #expect(printed.code == 0, "\(printed.complaint)")
    #expect(printed.text == Self.records.joined(separator: "\n") + "\n")
    var damaged = try bytes(of: path)
    damaged[damaged.count / 2] ^= 1
    try put(damaged, at: path)
    #expect(try shell("python3 \(Self.reader.path) \(path)").code == 2)
  }

  @Test(.enabled(if: isInstalled("python3"), "python3 is not installed"))
  func `the independent reader agrees about sessions, marks and mixed types`() throws {
    let folder = try TemporaryFolder()
    let path = folder.file("a")
    try write(lines(10), to: path, committingEvery: 4, finishing: false)
    let writer = try RecordLogWriter(appendingTo: path, options: repeatable())
    try writer.mark(cursor: 99)
    try writer.append("1")
    try writer.append("2", type: writer.declare("other"))
    try writer.finish()
    let printed = try shell("python3 \(Self.reader.path) \(path)")
    #expect(printed.code == 0, "\(printed.complaint)")
    #expect(printed.text == (lines(10) + ["1", "2"]).joined(separator: "\n") + "\n")
  }
}
