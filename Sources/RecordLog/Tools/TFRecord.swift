public import Bytes
import Glibc

/// Why TFRecord data could not be read.
public struct TFRecordError: Error, Equatable, Sendable, CustomStringConvertible {
  public enum Problem: Equatable, Sendable {
    case checksum(of: String, stored: UInt32, computed: UInt32)
    case truncated
    case tooLarge(UInt64, limit: Int)
    case file(FileError)
  }

  public var problem: Problem
  public var path: String
  /// From 0.
  public var record: UInt64

  public var description: String {
    let place = "\(path), TFRecord \(record): "
    switch problem {
    case .checksum(let part, let stored, let computed):
      return place + "the checksum of its \(part) is \(computed), not \(stored) as stored"
    case .truncated: return place + "cut short"
    case .tooLarge(let bytes, let limit):
      return place + "\(bytes) bytes, over the limit of \(limit)"
    case .file(let error): return "\(error)"
    }
  }
}

/// TFRecord: length (8 bytes), its masked CRC-32C, the bytes, their masked CRC-32C.
public enum TFRecord {
  /// What stands in a file for `record`.
  public static func encoded(_ record: RawSpan) -> [UInt8] {
    let length = littleEndian(UInt64(record.byteCount), 8)
    var bytes = length + littleEndian(UInt64(Checksum.masked(length.rawSpan)), 4)
    bytes.reserveCapacity(record.byteCount + 16)
    unsafe record.withUnsafeBytes { unsafe bytes.append(contentsOf: $0) }
    return bytes + littleEndian(UInt64(Checksum.masked(record)), 4)
  }

  private static func littleEndian(_ value: UInt64, _ count: Int) -> [UInt8] {
    (0..<count).map { UInt8(truncatingIfNeeded: value >> (8 * $0)) }
  }
}

/// Reads TFRecords one by one; both checksums of each are compared.
public struct TFRecordReader: ~Copyable {
  private let file: OpenFile
  private let limit: Int
  private var waiting: [UInt8] = []
  private var at = 0
  private var count: UInt64 = 0

  /// - Parameter limit: the largest record that is read.
  public init(_ file: consuming OpenFile, limit: ByteCount) {
    self.file = file
    self.limit = limit.bytes
  }

  /// The next record; nil at the end.
  public mutating func next() throws(TFRecordError) -> [UInt8]? {
    guard try fill(1) else { return nil }
    guard try fill(12) else { throw failure(.truncated) }
    try compare(8, "length")
    let length = number(at, 8)
    guard length <= UInt64(limit) else { throw failure(.tooLarge(length, limit: limit)) }
    at += 12
    guard try fill(Int(length) + 4) else { throw failure(.truncated) }
    try compare(Int(length), "bytes")
    defer {
      at += Int(length) + 4
      count += 1
    }
    return Array(waiting[at..<at + Int(length)])
  }

  /// Compares the checksum of the next `size` bytes with the one that follows.
  private func compare(_ size: Int, _ part: String) throws(TFRecordError) {
    let computed = Checksum.masked(waiting.rawSpan.extracting(at..<at + size))
    let stored = UInt32(number(at + size, 4))
    guard stored == computed else {
      throw failure(.checksum(of: part, stored: stored, computed: computed))
    }
  }

  private func number(_ start: Int, _ count: Int) -> UInt64 {
    (0..<count).reduce(0) { $0 | UInt64(waiting[start + $1]) << UInt64(8 * $1) }
  }

  private func failure(_ problem: TFRecordError.Problem) -> TFRecordError {
    TFRecordError(problem: problem, path: file.path, record: count)
  }

  /// Whether `count` bytes wait, after reading more where they do not.
  private mutating func fill(_ count: Int) throws(TFRecordError) -> Bool {
    while waiting.count - at < count {
      let more: [UInt8]
      do throws(FileError) { more = try file.read(upTo: 256 << 10) } catch {
        throw failure(.file(error))
      }
      guard !more.isEmpty else { return false }
      waiting.removeFirst(at)
      at = 0
      waiting += more
    }
    return true
  }
}
