import Foundation
import TestSupport
import Testing

@testable import RecordLog

/// Arrow streams, read like one that pyarrow has written.
struct ArrowStreamTests {
  /// The rows of `Golden/records.arrows`, which `tools/golden/make_arrow.py` wrote.
  private static var rows: [(sequence: UInt64, type: String, record: [UInt8])] {
    (0..<40).map { number in
      let record =
        number % 5 == 4
        ? (0..<number).map { UInt8(truncatingIfNeeded: $0 &* 37 &+ number) }
        : Array(
          "{\"id\":\(number),\"text\":\"\(String(repeating: "ab", count: number * 9))\"}".utf8)
      let type = ["json", "bytes", "prüfung"][number % 3]
      return (UInt64(number) * 1_000_000_007, type, record)
    }
  }

  private func stream(_ rows: [(sequence: UInt64, type: String, record: [UInt8])]) -> [UInt8] {
    var arrow = ArrowStream()
    var out: [UInt8] = []
    for row in rows {
      out += arrow.append(sequence: row.sequence, type: row.type, record: row.record.span.bytes)
    }
    return out + arrow.finish()
  }

  @Test func `rows come out like those that pyarrow wrote`() throws {
    let golden = ArrowReading(
      try bytes(
        of: URL(filePath: #filePath).deletingLastPathComponent().path
          + "/Golden/records.arrows"))
    #expect(golden.isEnded && golden.rows.count == 40)
    let ours = ArrowReading(stream(Self.rows))
    #expect(ours.isEnded)
    #expect(ours.columns == golden.columns)
    #expect(ours.rows == golden.rows)
  }

  @Test func `many records make many batches, large ones one of their own`() {
    var rows = (0..<3000).map {
      (sequence: UInt64($0), type: "json", record: [UInt8](repeating: 7, count: 1000))
    }
    rows.insert((9, "json", [UInt8](repeating: 1, count: 3 << 20)), at: 1500)
    let reading = ArrowReading(stream(rows))
    #expect(reading.isEnded && reading.batches >= 5)
    #expect(reading.rows.count == 3001)
    #expect(reading.rows[1500][2] == .bytes(rows[1500].record))
    #expect(reading.rows.map { $0[0] } == rows.map { .number($0.sequence) })
  }

  @Test func `no record makes a schema and an end`() {
    let reading = ArrowReading(stream([]))
    #expect(reading.isEnded && reading.rows.isEmpty && reading.batches == 0)
    #expect(reading.columns.map(\.name) == ["seq", "type", "record"])
  }

  @Test func `empty records, and such as do not pack, come through`() {
    let rows: [(sequence: UInt64, type: String, record: [UInt8])] = [
      (.max, "", []), (0, "a", [1, 2, 3]), (1, "", [0xFF]),
    ]
    let reading = ArrowReading(stream(rows))
    #expect(reading.rows.count == 3)
    for (row, wanted) in zip(reading.rows, rows) {
      #expect(
        row == [.number(wanted.sequence), .bytes(Array(wanted.type.utf8)), .bytes(wanted.record)])
    }
  }
}
