import Bytes

/// Records as an Arrow IPC stream, which pyarrow, Polars and others read.
///
/// The schema is always the same: `seq` uint64, `type` utf8, `record` large_binary, none of them
/// nullable. Buffers are packed with LZ4 where that makes them smaller. What is written is
/// https://arrow.apache.org/docs/format/Columnar.html, version 5 of the metadata.
public struct ArrowStream {
  private var rows: UInt64 = 0
  private var sequences = ByteWriter()
  private var typeEnds = ByteWriter()
  private var types: [UInt8] = []
  private var recordEnds = ByteWriter()
  private var records: [UInt8] = []
  private var isBegun = false

  /// How many bytes and rows a batch takes at most, besides one record.
  static let batchBytes = 1 << 20
  static let batchRows: UInt64 = 1 << 16

  public init() { empty() }

  /// Takes a record in.
  /// - Returns: what is to be written by now; often nothing.
  public mutating func append(sequence: UInt64, type: String, record: RawSpan) -> [UInt8] {
    let isFull =
      rows == Self.batchRows || records.count + types.count + record.byteCount > Self.batchBytes
    let out = isFull && rows > 0 ? takeBatch() : []
    rows += 1
    sequences.append(sequence)
    types += Array(type.utf8)
    typeEnds.append(Int32(types.count))
    unsafe record.withUnsafeBytes { unsafe records.append(contentsOf: $0) }
    recordEnds.append(Int64(records.count))
    return out
  }

  /// The rest, and the end of the stream.
  public mutating func finish() -> [UInt8] {
    takeBatch() + [0xFF, 0xFF, 0xFF, 0xFF, 0, 0, 0, 0]
  }

  private mutating func empty() {
    rows = 0
    sequences = ByteWriter()
    typeEnds = ByteWriter()
    recordEnds = ByteWriter()
    typeEnds.append(Int32(0))
    recordEnds.append(Int64(0))
    types.removeAll(keepingCapacity: true)
    records.removeAll(keepingCapacity: true)
  }

  /// The rows so far as a message; the first time the schema in front of it.
  private mutating func takeBatch() -> [UInt8] {
    defer { empty() }
    var out = isBegun ? [] : Self.message(.schema, Self.schema, body: [])
    isBegun = true
    guard rows > 0 else { return out }
    var body = Body()
    // Nothing is null: the validity that each column begins with is empty.
    for buffer in [
      [], sequences.bytes, [], typeEnds.bytes, types, [], recordEnds.bytes, records,
    ] { body.add(buffer) }
    out += Self.message(.batch, batch(body), body: body.bytes)
    return out
  }

  private func batch(_ body: Body) -> FlatValue {
    let compression = FlatValue.table([.scalar(0, bytes: 1), .scalar(0, bytes: 1)])
    let nodes = [UInt64](repeating: 0, count: 3).flatMap { [rows, $0] }
    return .table([
      .scalar(rows, bytes: 8), .value(.pairs(nodes)), .value(.pairs(body.places)),
      .value(compression),
    ])
  }
}

// MARK: Messages

extension ArrowStream {
  /// What the header of a message is, by its number in the union.
  private enum Kind: UInt64 { case schema = 1, batch = 3 }

  /// The numbers of types in the union.
  private enum ArrowType: UInt64 { case int = 2, utf8 = 5, largeBinary = 19 }

  private static var schema: FlatValue {
    let unsigned64 = FlatValue.table([.scalar(64, bytes: 4), .scalar(0, bytes: 1)])
    let fields = [
      field("seq", .int, unsigned64), field("type", .utf8, .table([])),
      field("record", .largeBinary, .table([])),
    ]
    // Little-endian, and the fields.
    return .table([.scalar(0, bytes: 2), .value(.vector(fields))])
  }

  private static func field(_ name: String, _ type: ArrowType, _ table: FlatValue) -> FlatValue {
    .table([
      .value(.string(name)), .scalar(0, bytes: 1), .scalar(type.rawValue, bytes: 1), .value(table),
      .none, .value(.vector([])),
    ])
  }

  private static func message(_ kind: Kind, _ header: FlatValue, body: [UInt8]) -> [UInt8] {
    let versionFive: UInt64 = 4
    let flat = FlatBuffer(
      .table([
        .scalar(versionFive, bytes: 2), .scalar(kind.rawValue, bytes: 1), .value(header),
        .scalar(UInt64(body.count), bytes: 8),
      ]))
    var out = ByteWriter(reserving: flat.bytes.count + body.count + 16)
    out.append(UInt32.max)
    out.append(UInt32((flat.bytes.count + 7) / 8 * 8))
    out.append(bytes: flat.bytes)
    out.pad(to: 8)
    out.append(bytes: body)
    return out.bytes
  }

  /// The buffers of a batch, each at a multiple of 8.
  private struct Body {
    private(set) var bytes: [UInt8] = []
    /// Of each buffer where it stands, and its length.
    private(set) var places: [UInt64] = []

    /// Its length unpacked and an LZ4 frame; or -1 and the bytes as they are; or nothing at all.
    mutating func add(_ buffer: [UInt8]) {
      let start = bytes.count
      if !buffer.isEmpty {
        let packed = Body.packed(buffer)
        var length = ByteWriter()
        length.append(packed.count < buffer.count ? Int64(buffer.count) : -1)
        bytes += length.bytes + (packed.count < buffer.count ? packed : buffer)
      }
      places += [UInt64(start), UInt64(bytes.count - start)]
      bytes += [UInt8](repeating: 0, count: (8 - bytes.count % 8) % 8)
    }

    private static func packed(_ buffer: [UInt8]) -> [UInt8] {
      let room = LZ4Frame.room(for: buffer.count, blockSize: .kibibytes64)
      return unsafe [UInt8](unsafeUninitializedCapacity: room) { out, count in
        count = unsafe buffer.withUnsafeBytes { raw in
          unsafe LZ4Frame.encode(
            raw, blockSize: .kibibytes64, to: UnsafeMutableRawBufferPointer(out))
        }
      }
    }
  }
}

// MARK: FlatBuffers

/// What FlatBuffers are made of, as far as Arrow's messages need it.
private indirect enum FlatValue {
  case table([FlatField])
  case vector([FlatValue])
  case string(String)
  /// Structs of two 64-bit numbers.
  case pairs([UInt64])
}

private enum FlatField {
  case none
  case scalar(UInt64, bytes: Int)
  case value(FlatValue)

  /// In the table itself; what a field refers to stands behind it.
  var size: Int {
    switch self {
    case .none: 0
    case .scalar(_, let bytes): bytes
    case .value: 4
    }
  }
}

/// A FlatBuffers value, written front to back: every reference points forward, every table has a
/// vtable of its own in front of it.
private struct FlatBuffer {
  private(set) var bytes: [UInt8] = [0, 0, 0, 0]

  init(_ root: FlatValue) { refer(to: root, at: 0) }

  /// Writes `value`, and the way to it at `place`.
  private mutating func refer(to value: FlatValue, at place: Int) {
    let start = write(value)
    put(UInt64(start - place), bytes: 4, at: place)
  }

  /// Returns where the value begins.
  private mutating func write(_ value: FlatValue) -> Int {
    switch value {
    case .table(let fields): return write(fields)
    case .vector(let values):
      let start = begin(values.count, elementBytes: 4)
      let first = bytes.count
      bytes += [UInt8](repeating: 0, count: 4 * values.count)
      for (index, value) in values.enumerated() { refer(to: value, at: first + 4 * index) }
      return start
    case .string(let text):
      let start = begin(text.utf8.count, elementBytes: 1)
      bytes += Array(text.utf8) + [0]
      return start
    case .pairs(let numbers):
      let start = begin(numbers.count / 2, elementBytes: 8)
      for number in numbers { append(number, bytes: 8) }
      return start
    }
  }

  /// Writes a vector's length, so that its elements are aligned.
  private mutating func begin(_ count: Int, elementBytes: Int) -> Int {
    pad { ($0 + 4) % max(elementBytes, 4) == 0 && $0 % 4 == 0 }
    append(UInt64(count), bytes: 4)
    return bytes.count - 4
  }

  private mutating func write(_ fields: [FlatField]) -> Int {
    let vtableBytes = 4 + 2 * fields.count
    pad { ($0 + vtableBytes) % 8 == 0 }
    let vtable = bytes.count
    let (places, size) = Self.layOut(fields)
    append(UInt64(vtableBytes), bytes: 2)
    append(UInt64(size), bytes: 2)
    for place in places { append(UInt64(place), bytes: 2) }
    let table = bytes.count
    bytes += [UInt8](repeating: 0, count: size)
    put(UInt64(table - vtable), bytes: 4, at: table)
    for (field, place) in zip(fields, places) {
      switch field {
      case .none: break
      case .scalar(let number, let count): put(number, bytes: count, at: table + place)
      case .value(let value): refer(to: value, at: table + place)
      }
    }
    return table
  }

  /// Where the fields stand from the table's start, 0 for those that are missing, and its size.
  private static func layOut(_ fields: [FlatField]) -> (places: [Int], size: Int) {
    // The way to the vtable comes first.
    var size = 4
    let places = fields.map { field in
      guard field.size > 0 else { return 0 }
      let place = (size + field.size - 1) / field.size * field.size
      size = place + field.size
      return place
    }
    return (places, size)
  }

  private mutating func pad(until isAligned: (Int) -> Bool) {
    while !isAligned(bytes.count) { bytes.append(0) }
  }

  private mutating func append(_ number: UInt64, bytes count: Int) {
    bytes += [UInt8](repeating: 0, count: count)
    put(number, bytes: count, at: bytes.count - count)
  }

  private mutating func put(_ number: UInt64, bytes count: Int, at place: Int) {
    for index in 0..<count {
      bytes[place + index] = UInt8(truncatingIfNeeded: number >> (8 * index))
    }
  }
}
