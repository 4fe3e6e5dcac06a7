import Foundation

@testable import RecordLog

/// An Arrow IPC stream as far as the tests need it: one reader for ours and for pyarrow's.
struct ArrowReading: Equatable {
  struct Column: Equatable {
    var name: String
    /// The number of the type in Arrow's union; of integers their width, negative where signed.
    var type: Int
    var width = 0
    var isNullable: Bool
  }

  enum Cell: Equatable {
    case number(UInt64)
    case bytes([UInt8])
  }

  var columns: [Column] = []
  var rows: [[Cell]] = []
  var batches = 0
  var isEnded = false
  private let all: [UInt8]

  static func == (a: Self, b: Self) -> Bool { a.columns == b.columns && a.rows == b.rows }

  /// Traps on what is no stream; it is for streams that should be sound.
  init(_ bytes: [UInt8]) {
    all = bytes
    var at = 0
    while !isEnded {
      precondition(number(at, 4) == 0xFFFF_FFFF && at % 8 == 0, "no message at \(at)")
      let metadata = number(at + 4, 4)
      at += 8
      guard metadata > 0 else {
        isEnded = at == all.count
        return
      }
      let message = at + number(at, 4)
      precondition(value(message, 0, 2) == 4, "metadata version")
      let header = reference(message, 2)
      let body = at + metadata
      if value(message, 1, 1) == 1 { readSchema(header) } else { readBatch(header, body) }
      at = body + value(message, 3, 8)
    }
  }

  private mutating func readSchema(_ schema: Int) {
    let fields = reference(schema, 1)
    columns = (0..<number(fields, 4)).map { index in
      let place = fields + 4 + 4 * index
      let field = place + number(place, 4)
      let name = reference(field, 0)
      let type = value(field, 2, 1)
      let table = reference(field, 3)
      let isSigned = type == 2 && value(table, 1, 1) == 1
      return Column(
        name: String(decoding: all[name + 4..<name + 4 + number(name, 4)], as: UTF8.self),
        type: type, width: type == 2 ? value(table, 0, 4) * (isSigned ? -1 : 1) : 0,
        isNullable: value(field, 1, 1) == 1)
    }
  }

  private mutating func readBatch(_ batch: Int, _ body: Int) {
    batches += 1
    let count = value(batch, 0, 8)
    let buffers = reference(batch, 2)
    let isPacked = place(batch, 3) != nil
    var next = 0
    func buffer() -> [UInt8] {
      let entry = buffers + 4 + 16 * next
      next += 1
      let start = body + number(entry, 8)
      precondition(start % 8 == 0, "a buffer at \(start)")
      let bytes = Array(all[start..<start + number(entry + 8, 8)])
      return isPacked ? unpacked(bytes) : bytes
    }
    var cells: [[Cell]] = []
    for column in columns {
      _ = buffer()
      guard column.type != 2 else {
        let numbers = buffer()
        cells.append(
          (0..<count).map { .number(UInt64(truncatingIfNeeded: number($0 * 8, 8, of: numbers))) })
        continue
      }
      let size = column.type == 5 ? 4 : 8
      let (ends, bytes) = (buffer(), buffer())
      cells.append(
        (0..<count).map { row in
          let (from, to) = (
            number(row * size, size, of: ends), number((row + 1) * size, size, of: ends)
          )
          return .bytes(Array(bytes[from..<to]))
        })
    }
    for row in 0..<count { rows.append(cells.map { $0[row] }) }
  }

  private func unpacked(_ bytes: [UInt8]) -> [UInt8] {
    guard !bytes.isEmpty else { return [] }
    let length = number(0, 8, of: bytes)
    guard length >= 0 else { return Array(bytes[8...]) }
    // The stock program, so that nothing of ours vouches for ours.
    let path = FileManager.default.temporaryDirectory.appending(path: UUID().uuidString)
    defer { try? FileManager.default.removeItem(at: path) }
    try? Data(bytes[8...]).write(to: path)
    let plain = [UInt8]((try? shell("lz4 -dc < \(path.path)").output) ?? Data())
    precondition(plain.count == length, "\(plain.count) bytes of \(length)")
    return plain
  }

  // MARK: FlatBuffers

  private func number(_ at: Int, _ count: Int) -> Int { number(at, count, of: all) }

  private func number(_ at: Int, _ count: Int, of bytes: [UInt8]) -> Int {
    let plain = (0..<count).reduce(UInt64(0)) { $0 | UInt64(bytes[at + $1]) << (8 * UInt64($1)) }
    return Int(truncatingIfNeeded: plain)
  }

  /// Where a table's field stands, if it is there.
  private func place(_ table: Int, _ slot: Int) -> Int? {
    let vtable = table - Int(Int32(truncatingIfNeeded: number(table, 4)))
    guard 4 + 2 * slot < number(vtable, 2) else { return nil }
    let offset = number(vtable + 4 + 2 * slot, 2)
    return offset == 0 ? nil : table + offset
  }

  private func value(_ table: Int, _ slot: Int, _ count: Int) -> Int {
    place(table, slot).map { number($0, count) } ?? 0
  }

  private func reference(_ table: Int, _ slot: Int) -> Int {
    guard let place = place(table, slot) else { preconditionFailure("field \(slot) is missing") }
    return place + number(place, 4)
  }
}
