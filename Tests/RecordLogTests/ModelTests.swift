import Bytes
import Foundation
import Testing

@testable import RecordLog

/// Row 15 of the plan: random calls of a writer, held against an array that says what must come out.
struct ModelTests {
  /// A folder of segments or a single file, and what it should hold.
  struct Model {
    var random: SeededGenerator
    let folder: QuickFolder
    let isFolder: Bool
    var options: RecordLogOptions
    var records: [(bytes: [UInt8], type: String)] = []
    var durable = 0
    var cursor: UInt64 = 0
    var durableCursor: UInt64 = 0
    var segments: SegmentedLogWriter?
    var file: RecordLogWriter?
    var isEnded = false
    var calls = 0
    var path: String { folder.file("log") }

    init(seed: UInt64, in folder: QuickFolder) throws {
      random = SeededGenerator(seed)
      self.folder = folder
      isFolder = seed % 2 == 0
      let policies = [SyncPolicy.everyCommit, .bytes(ByteCount(900)), .never, .interval(.zero)]
      options = segmented(sync: policies[Int(seed / 2 % 4)])
      options.fileID = nil
      options.chunk = ByteCount([80, 300, 5000][Int(seed / 8 % 3)])
      options.segmentSize = ByteCount([2000, 9000][Int(seed / 24 % 2)])
      options.largestRecord = ByteCount(2000)
      options.types = [.json, RecordType(id: 2, name: "blob", encoding: .bytes)]
    }

    mutating func draw(_ range: Range<Int>) -> Int { Int.random(in: range, using: &random) }

    // MARK: Calls

    mutating func run() throws {
      for _ in 0..<draw(5..<25) {
        try open()
        calls += 1
        switch draw(0..<20) {
        case 0..<9: try append()
        case 9: try appendRefused()
        case 10, 11: try commit()
        case 12: try flush()
        case 13: try mark()
        case 14: try roll()
        case 15: try finish()
        case 16: close()
        case 17: try crash()
        default: try check()
        }
      }
      try open()
      try finish()
      try check()
    }

    mutating func open() throws {
      guard segments == nil, file == nil, !isEnded || isFolder else { return try begin() }
      if isFolder {
        let writer = try SegmentedLogWriter(path, options: options)
        try same(writer.positions.appended, records.count, "records on opening")
        try same(writer.lastCursor, Int(cursor), "cursor on opening")
        segments = writer
      } else {
        let writer = try RecordLogWriter.continuing(path, options: options)
        try same(writer.nextSequence, records.count, "records on opening")
        try same(writer.lastCursor, Int(cursor), "cursor on opening")
        file = writer
      }
      isEnded = false
      (durable, durableCursor) = (0, 0)
      noteDurable()
    }

    /// A single file that was finished is done with: the next one takes its place.
    mutating func begin() throws {
      guard isEnded, !isFolder else { return }
      try FileManager.default.removeItem(atPath: path)
      (records, durable, cursor, durableCursor, isEnded) = ([], 0, 0, 0, false)
      try open()
    }

    mutating func append() throws {
      let isBlob = draw(0..<3) == 0
      let size = draw(0..<4) == 0 ? draw(0..<1900) : draw(0..<60)
      let bytes =
        isBlob
        ? (0..<size).map { _ in UInt8(truncatingIfNeeded: random.next()) }
        : [UInt8](#"{"n":\#(records.count),"t":"\#(String(repeating: "x", count: size))"}"#.utf8)
      let type: UInt16 = isBlob ? 2 : 1
      cursor += draw(0..<3) == 0 ? 0 : UInt64(draw(1..<50))
      let sequence =
        try segments?.append(bytes, type: type, cursor: cursor)
        ?? file?.append(bytes, type: type, cursor: cursor)
      try same(sequence ?? .max, records.count, "sequence number")
      records.append((isBlob ? bytes : bytes + [10], isBlob ? "blob" : "json"))
      try checkPositions()
    }

    mutating func appendRefused() throws {
      let (bytes, type): ([UInt8], UInt16) =
        [([UInt8](repeating: 65, count: 2001), 2), ([65, 10, 66], 1), ([65], 77)][draw(0..<3)]
      let isTaken =
        (try? segments?.append(bytes, type: type) ?? file?.append(bytes, type: type)) ?? nil
      if isTaken != nil {
        throw Difference(text: "\(bytes.count) bytes of type \(type) were taken")
      }
      try checkPositions()
    }

    mutating func commit() throws {
      try file?.commit()
      try segments?.commit()
      noteDurable()
      try checkPositions()
    }

    mutating func flush() throws {
      try file?.flush()
      try segments?.flush()
      try checkPositions()
    }

    mutating func mark() throws {
      cursor += UInt64(draw(1..<9))
      try file?.mark(cursor: cursor)
      try segments?.mark(cursor: cursor)
      noteDurable()
      try checkPositions()
    }

    mutating func roll() throws {
      try segments?.roll()
      try checkPositions()
    }

    mutating func finish() throws {
      if !isFolder, records.isEmpty, draw(0..<2) == 0 { try append() }
      try file?.finish()
      try segments?.finish()
      (file, segments, isEnded) = (nil, nil, true)
      noteDurable()
    }

    /// Goes away after writing all there is.
    mutating func close() {
      try? file?.commit()
      _ = try? segments?.commit()
      (file, segments) = (nil, nil)
    }

    /// Goes away as it is: what waits in the open chunk is gone, and nothing else.
    mutating func crash() throws {
      (file, segments) = (nil, nil)
      let found = try readAll()
      guard found.count >= durable, found.count <= records.count else {
        throw Difference(text: "\(found.count) records after a crash, \(durable) were durable")
      }
      records = Array(records.prefix(found.count))
      try compare(found)
      let reader =
        isFolder
        ? try SegmentedLogWriter(path, options: options).lastCursor
        : try RecordLogWriter.continuing(path, options: options).lastCursor
      guard reader >= durableCursor, reader <= cursor else {
        throw Difference(text: "cursor \(reader) after a crash, \(durableCursor) was durable")
      }
      cursor = reader
    }

    mutating func noteDurable() {
      guard options.sync != .never else { return }
      durable = records.count
      durableCursor = cursor
    }

    // MARK: Checks

    struct Difference: Error { var text: String }

    func same(_ found: UInt64, _ expected: Int, _ what: String) throws {
      if found != UInt64(expected) {
        throw Difference(text: "\(what): \(found), expected \(expected)")
      }
    }

    mutating func checkPositions() throws {
      let appended = segments?.positions.appended ?? file?.nextSequence ?? 0
      let safe = segments?.positions.durable ?? file?.durableSequence ?? 0
      try same(appended, records.count, "records")
      guard safe >= UInt64(durable), safe <= appended else {
        throw Difference(text: "\(safe) durable, at least \(durable) of \(appended) must be")
      }
      durable = Int(safe)
    }

    /// While the log is open everything that was written can be read; else all of it.
    mutating func check() throws {
      try file?.flush()
      try segments?.flush()
      try compare(try readAll())
      try seek()
    }

    func compare(_ found: [Record]) throws {
      try same(UInt64(found.count), records.count, "records read")
      for (index, record) in found.enumerated() {
        let expected = records[index]
        guard record.sequence == UInt64(index), record.bytes == expected.bytes,
          record.typeName == expected.type
        else { throw Difference(text: "record \(index): \(record), expected \(expected)") }
      }
    }

    func readAll() throws -> [Record] {
      let reader = try RecordLogReader(path: path, options: .init(mode: .tailTolerant))
      var found: [Record] = []
      while let record = try reader.next() { found.append(record) }
      if !reader.events.isEmpty { throw Difference(text: "\(reader.events)") }
      return found
    }

    mutating func seek() throws {
      guard !records.isEmpty else { return }
      let reader = try RecordLogReader(path: path, options: .init(mode: .tailTolerant))
      for _ in 0..<3 {
        let target = draw(0..<records.count)
        try reader.seek(toSequence: UInt64(target))
        let record = try reader.next()
        guard record?.sequence == UInt64(target), record?.bytes == records[target].bytes else {
          throw Difference(text: "sought \(target), found \(record.debugDescription)")
        }
      }
    }
  }

  @Test func `random calls leave what an array would hold`() throws {
    let start = ContinuousClock.now
    let environment = ProcessInfo.processInfo.environment["SYNPO_TEST_SEED"]
    let first = environment.flatMap { UInt64($0) } ?? UInt64.random(in: 0..<1 << 40)
    let sequences = Volume.of(10_000, full: 30_000)
    let parts = try onAllCores { core, cores in
      var tally = Tally()
      var calls = 0
      for number in stride(from: core, to: sequences, by: cores) {
        let seed = first + UInt64(number)
        do {
          var model = try Model(seed: seed, in: try QuickFolder())
          do { try model.run() } catch {
            tally.complain("seed \(seed), call \(model.calls): \(error)")
          }
          calls += model.calls
        }
        tally.cases += 1
      }
      return (tally, calls)
    }
    var tally = Tally()
    for (part, _) in parts { tally.add(part) }
    #expect(tally.verdict == "")
    report(
      row: 15, since: start,
      """
      \(grouped(tally.cases)) sequences of \(grouped(parts.reduce(0) { $0 + $1.1 })) random calls, \
      seeds from \(first) on: \(tally.complaintCount) unlike the model
      """)
  }
}
