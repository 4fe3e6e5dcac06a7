import Bytes
import Foundation
import TestSupport
import Testing

@testable import RecordLog

/// Row 1 of the plan: files of this version of the format, kept so that no later program writes
/// something else unnoticed or stops reading them.
struct GoldenTests {
  struct Golden: Sendable, CustomTestStringConvertible {
    var name: String
    var records: [String]
    var make: @Sendable (_ path: String, _ records: [String]) throws -> Void
    var testDescription: String { name }
    var file: String { GoldenTests.folder.appending(path: name).path }
  }

  static let folder = URL(filePath: #filePath).deletingLastPathComponent().appending(path: "Golden")

  static let all = [
    Golden(name: "two-records.rlg", records: FormatTests.records) { path, records in
      var options = repeatable(sync: .never)
      options.firstSequence = 1000
      try write(records, to: path, options: options)
    },
    Golden(name: "sessions.rlg", records: lines(120)) { path, records in
      let options = repeatable(chunk: 900, sync: .never)
      try write(Array(records[..<50]), to: path, options: options, finishing: false)
      let writer = try RecordLogWriter(appendingTo: path, options: options)
      try writer.mark(cursor: 99)
      let other = writer.declare("other")
      for (number, record) in records[50...].enumerated() {
        try writer.append(record, type: number % 3 == 0 ? other : 1)
      }
      try writer.finish()
    },
    Golden(name: "large-record.rlg", records: [String(repeating: "0123456789", count: 9000)]) {
      var options = repeatable(sync: .never)
      options.blockSize = .kibibytes64
      options.user = ["model": "tiny", "round": 3]
      try write($1, to: $0, options: options)
    },
    Golden(name: "empty.rlg", records: []) {
      try write($1, to: $0, options: repeatable(sync: .never))
    },
  ]

  @Test(arguments: all)
  func `a file of this version is read as ever`(golden: Golden) {
    for mapping in [true, false] {
      let reading = read(golden.file, mapping: mapping)
      #expect(reading.records == golden.records)
      #expect(reading.ending == .sealed)
      #expect(reading.error == nil && reading.events.isEmpty)
    }
  }

  /// Other versions of the library pack otherwise, and stand in the file's description.
  @Test(
    .enabled(if: LZ4.version == "1.9.4", "made with version 1.9.4 of the LZ4 library"),
    arguments: all)
  func `what is written is what was written, byte by byte`(golden: Golden) throws {
    let folder = try TemporaryFolder()
    let path = folder.file("again")
    try golden.make(path, golden.records)
    #expect(try bytes(of: path) == bytes(of: golden.file))
  }

  @Test(.enabled(if: isInstalled("python3"), "python3 is not installed"), arguments: all)
  func `the independent reader agrees`(golden: Golden) throws {
    let printed = try shell("python3 \(OtherProgramsTests.reader.path) \(golden.file)")
    #expect(printed.code == 0, "\(printed.complaint)")
    #expect(printed.text == golden.records.map { $0 + "\n" }.joined())
  }

  @Test(.enabled(if: isInstalled("lz4"), "lz4 is not installed"))
  func `the lz4 tool tests and prints them all, one by one and joined`() throws {
    let start = ContinuousClock.now
    for golden in Self.all {
      let test = try shell("lz4 -t < \(golden.file)")
      #expect(test.code == 0, "\(golden.name): \(test.complaint)")
      #expect(
        try shell("lz4 -dc < \(golden.file)").text == golden.records.map { $0 + "\n" }.joined())
    }
    let joined = try shell("cat \(Self.all.map(\.file).joined(separator: " ")) | lz4 -dc")
    #expect(joined.text == Self.all.flatMap(\.records).map { $0 + "\n" }.joined())
    report(
      row: 1, since: start,
      """
      \(Self.all.count) golden files: read, written again byte by byte, and read by the Python reader \
      and the lz4 tool
      """)
  }
}
