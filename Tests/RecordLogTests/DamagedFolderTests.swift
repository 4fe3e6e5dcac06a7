import Bytes
import Foundation
import TestSupport
import Testing

@testable import RecordLog

/// Folders of segments of which something is missing or damaged.
struct DamagedFolderTests {
  let folder: TemporaryFolder
  let log: String
  static let count = 900
  static let all = lines(count)

  init() throws {
    folder = try TemporaryFolder()
    log = folder.file("log")
    let writer = try SegmentedLogWriter(log, options: segmented())
    for record in Self.all { try writer.append(record) }
    try writer.finish()
  }

  func names() throws -> [String] {
    try FileManager.default.contentsOfDirectory(atPath: log).filter { $0.hasPrefix("seg-") }
      .sorted()
  }

  func first(_ name: String) -> UInt64 { SegmentName.sequence(name) ?? .max }

  func losses(_ reading: Reading) -> [Range<UInt64>] {
    reading.events.compactMap {
      guard case .damage(let region) = $0, let lost = region.lostRecords, lost > 0 else {
        return nil
      }
      return region.firstSequence..<region.firstSequence + lost
    }
  }

  /// Everything that was not delivered was told to be lost, and nothing else.
  func expectExact(_ reading: Reading, _ what: String) {
    #expect(reading.error == nil, "\(what)")
    let numbers = Set(reading.sequences)
    #expect(numbers.count == reading.sequences.count, "\(what)")
    #expect(reading.sequences == reading.sequences.sorted(), "\(what)")
    #expect(reading.records == reading.sequences.map { Self.all[Int($0)] }, "\(what)")
    let lost = losses(reading).flatMap { Array($0) }
    #expect(lost == (0..<UInt64(Self.count)).filter { !numbers.contains($0) }, "\(what)")
  }

  func reasons(_ reading: Reading) -> [DamageReason] {
    reading.events.compactMap {
      guard case .damage(let region) = $0 else { return nil }
      return region.reason
    }
  }

  @Test func `any one segment may be missing`() throws {
    let names = try names()
    try #require(names.count > 4)
    for name in names.dropLast() {
      let aside = folder.file(name)
      try FileManager.default.moveItem(atPath: log + "/" + name, toPath: aside)
      defer { try? FileManager.default.moveItem(atPath: aside, toPath: log + "/" + name) }
      #expect(read(log).error?.category == .damage)
      let reading = read(log, .salvage())
      expectExact(reading, name)
      #expect(reasons(reading) == [.missingSegment])
    }
  }

  @Test func `a segment may be cut at any length`() throws {
    let names = try names()
    let path = log + "/" + names[2]
    let whole = try bytes(of: path)
    for length in stride(from: 0, to: whole.count, by: 431) {
      try put(whole[..<length], at: path)
      expectExact(read(log, .salvage()), "cut at \(length)")
      #expect(read(log).error != nil)
    }
  }

  @Test func `bytes may be wrong anywhere in a segment in the middle`() throws {
    let names = try names()
    let path = log + "/" + names[1]
    let whole = try bytes(of: path)
    for place in stride(from: 0, to: whole.count, by: 97) {
      var damaged = whole
      damaged[place] ^= 0x11
      try put(damaged, at: path)
      expectExact(read(log, .salvage()), "byte \(place)")
    }
  }

  @Test func `a segment without its prologue is read by its chunks`() throws {
    for name in try names().prefix(2) {
      let path = log + "/" + name
      let whole = try bytes(of: path)
      var damaged = whole
      for place in 0..<128 { damaged[place] = 0xEE }
      try put(damaged, at: path)
      let reading = read(log, .salvage())
      expectExact(reading, name)
      #expect(reading.records.count == Self.count)
      #expect(reasons(reading) == [.missingPrologue])
      try put(whole, at: path)
    }
  }

  @Test func `a renamed segment is found by what is in it, and a foreign one left out`() throws {
    let names = try names()
    try FileManager.default.moveItem(
      atPath: log + "/" + names[1], toPath: log + "/backup of 1.rlg")
    var other = repeatable()
    other.logID = 99
    other.fileID = .random()
    try write(lines(5), to: log + "/" + SegmentName.stem(77) + ".rlg", options: other)
    try put(Array("nothing".utf8), at: log + "/notes.rlg")
    try FileManager.default.copyItem(
      atPath: log + "/" + names[2], toPath: log + "/copy.rlg")
    let reading = read(log, .salvage())
    expectExact(reading, "renamed")
    #expect(reading.records.count == Self.count)
    #expect(Set(reasons(reading)) == [.renamed, .foreignFile, .duplicate])
    #expect(reasons(reading).count == 4)
  }

  @Test func `the repair of a damaged folder is one whole log`() throws {
    let names = try names()
    try FileManager.default.removeItem(atPath: log + "/" + names[2])
    let output = folder.file("repaired.rlg")
    let report = try LogRepair().run(from: log, to: output)
    #expect(report.lost == [first(names[2])..<first(names[3])])
    let want = Self.all.indices.filter { !report.lost[0].contains(UInt64($0)) }
    #expect(read(output).records == want.map { Self.all[$0] })
  }
}

/// What a writer does about acknowledged bytes that it finds damaged.
struct SetAsideTests {
  let folder: TemporaryFolder
  let log: String
  /// The name of the segment that was open.
  let open: String
  let whole: [UInt8]

  init() throws {
    folder = try TemporaryFolder()
    log = folder.file("log")
    let writer = try SegmentedLogWriter(log, options: segmented())
    for (number, record) in lines(720).enumerated() {
      try writer.append(record, cursor: UInt64(number + 1))
      if number % 10 == 9 { try writer.commit() }
    }
    let names = try FileManager.default.contentsOfDirectory(atPath: log).sorted()
    open = log + "/" + (try #require(names.last { $0.hasSuffix(".open") }))
    whole = try bytes(of: open)
  }

  /// The headers of the open segment's chunks of records.
  func chunks() throws -> [ChunkHeader] {
    let reader = try RecordLogReader(path: open, options: .init(mode: .tailTolerant))
    var chunks: [ChunkHeader] = []
    while let header = try reader.nextHeader() { if header.kind == .data { chunks.append(header) } }
    return chunks
  }

  @Test func `the log goes on behind what was promised, and says what is lost`() throws {
    let chunks = try chunks()
    try #require(chunks.count > 3)
    let lost = chunks[1].firstSequence..<chunks[1].nextSequence
    var damaged = whole
    damaged[Int(chunks[1].offset) + 40] ^= 1
    try put(damaged, at: open)
    let writer = try SegmentedLogWriter(log, options: segmented())
    let found = try #require(writer.recovered?.setAside)
    #expect(found.lost == [[lost.lowerBound, lost.upperBound]])
    #expect(found.nextSequence == 720)
    #expect(writer.positions.appended == 720)
    #expect(writer.lastCursor == 720)
    #expect(try bytes(of: log + "/" + found.file) == damaged)
    for number in 720..<1500 { try writer.append(#"{"id":\#(number)}"#) }
    try writer.finish()
    #expect(writer.description.setAside == [found])

    let strict = read(log)
    #expect(strict.error?.problem == .damagedSegment(found.segment, lost: [lost]))
    #expect("\(try #require(strict.error))".contains("records \(lost.lowerBound) to"))
    let salvaged = read(log, .salvage())
    let want = (0..<1500).filter { !lost.contains(UInt64($0)) }.map { UInt64($0) }
    #expect(salvaged.sequences == want)
    #expect(salvaged.ending == .sealed)
    let reader = try RecordLogReader(path: log, options: .init(mode: .salvage()))
    while try reader.nextChunk() != nil {}
    #expect(reader.description?.setAside == [found])
    #expect(reader.regions.compactMap(\.lostRecords).reduce(0, +) == UInt64(lost.count))
  }

  @Test func `a log goes on behind a damaged segment as often as it is opened`() throws {
    var damaged = whole
    damaged[Int(try chunks()[1].offset) + 40] ^= 1
    try put(damaged, at: open)
    for number in 720..<725 {
      let writer = try SegmentedLogWriter(log, options: segmented())
      #expect(writer.positions.appended == UInt64(number))
      #expect((writer.recovered?.setAside != nil) == (number == 720))
      try writer.append("{}")
      try writer.finish()
      #expect(writer.description.setAside?.count == 1)
    }
    #expect(read(log, .salvage()).sequences.suffix(6) == [719, 720, 721, 722, 723, 724])
  }

  @Test func `a crash behind the renaming is no harm`() throws {
    var damaged = whole
    damaged[Int(try chunks()[0].offset) + 3] ^= 1
    try FileManager.default.removeItem(atPath: open)
    try put(damaged, at: open.replacingOccurrences(of: ".rlg.open", with: ".rlg.damaged"))
    let writer = try SegmentedLogWriter(log, options: segmented())
    #expect(writer.recovered?.setAside?.nextSequence == 720)
    try writer.append("{}")
    try writer.finish()
    #expect(read(log, .salvage()).sequences.last == 720)
  }

  @Test func `a damaged prologue is no reason to lose the chunks behind it`() throws {
    var damaged = whole
    for place in 0..<128 { damaged[place] = 0 }
    try put(damaged, at: open)
    let writer = try SegmentedLogWriter(log, options: segmented())
    #expect(writer.recovered?.setAside?.lost == [])
    #expect(writer.positions.appended == 720)
    try writer.append("{}")
    try writer.finish()
    #expect(read(log, .salvage()).sequences == Array(0...720))
    #expect(read(log).error?.category == .damage)
  }
}
