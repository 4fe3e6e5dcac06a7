import Bytes
import Foundation
import TestSupport
import Testing

@testable import RecordLog

/// Single wrong bits in the segments of a folder.
struct RepairFolderTests {
  let folder: QuickFolder
  private let log: String
  private let records = lines(400)

  init() throws {
    folder = try QuickFolder()
    log = folder.file("log")
    var options = segmented(sync: .never)
    options.segmentSize = .kibibytes(8)
    let writer = try SegmentedLogWriter(log, options: options)
    for record in records { try writer.append(record) }
    try writer.finish()
  }

  private var names: [String] {
    get throws { try SegmentList.salvageableNames(in: log) }
  }

  /// Turns a bit in the values of the third DATA chunk of a segment.
  private func damage(_ name: String, bit: Int) throws -> FixedBit {
    let path = "\(log)/\(name)"
    let reader = try RecordLogReader(path: path)
    var headers: [ChunkHeader] = []
    while let header = try reader.nextHeader() {
      if header.kind == .data { headers.append(header) }
    }
    let place = headers[2].offset + headers[2].length - 20
    var all = try bytes(of: path)
    all[Int(place)] ^= 1 << UInt8(bit)
    try put(all, at: path)
    return FixedBit(flip: BitFlip(place: place, bit: bit), file: name)
  }

  @Test func `a wrong bit in each of three segments is turned back`() throws {
    let all = try names
    try #require(all.count > 5)
    let damaged = try [all[0], all[2], all[all.count - 1]].enumerated().map {
      try damage($1, bit: 3 * $0)
    }
    let before = try all.map { try bytes(of: "\(log)/\($0)") }
    var repair = LogRepair()
    let without = try repair.run(from: log, to: folder.file("without"))
    #expect(without.records < UInt64(records.count) && without.fixed.isEmpty)
    repair.fixesBits = true
    let report = try repair.run(from: log, to: folder.file("with"))
    #expect(Set(report.fixed) == Set(damaged))
    #expect(report.regions.isEmpty && report.records == UInt64(records.count))
    #expect(read(folder.file("with")).records == records)
    #expect(try all.map { try bytes(of: "\(log)/\($0)") } == before)
    #expect(!FileManager.default.fileExists(atPath: folder.file("with.bits")))
  }

  @Test func `two wrong bits in a chunk are left, and told`() throws {
    let name = try names[1]
    _ = try damage(name, bit: 1)
    _ = try damage(name, bit: 6)
    var repair = LogRepair()
    repair.fixesBits = true
    let report = try repair.run(from: log, to: folder.file("repaired"))
    #expect(report.fixed.isEmpty)
    #expect(report.regions.map(\.file) == [name])
    let lost = report.lost.reduce(0) { $0 + $1.count }
    #expect(lost > 0 && Int(report.records) == records.count - lost)
  }
}
