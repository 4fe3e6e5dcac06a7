/// Reads little-endian values from untrusted bytes, front to back.
///
/// Nothing here traps on bad input: running short throws ``OutOfBytes``, which carries the offset
/// a person would look at in a hex dump.
public struct ByteReader: ~Escapable {
  public private(set) var offset = 0
  public var remaining: Int { bytes.byteCount - offset }
  private let bytes: RawSpan

  @_lifetime(copy bytes)
  public init(_ bytes: RawSpan) { self.bytes = bytes }

  /// The next integer, of whichever type the caller asks for.
  @_lifetime(self: copy self)
  public mutating func next<T: FixedWidthInteger & BitwiseCopyable>(
    _: T.Type = T.self
  ) throws(OutOfBytes) -> T {
    let start = try advance(by: MemoryLayout<T>.size)
    return T(littleEndian: unsafe bytes.unsafeLoadUnaligned(fromByteOffset: start, as: T.self))
  }

  /// The next `count` bytes, copied.
  @_lifetime(self: copy self)
  public mutating func next(count: Int) throws(OutOfBytes) -> [UInt8] {
    let start = try advance(by: count)
    let slice = bytes.extracting(start..<start + count)
    return unsafe slice.withUnsafeBytes { unsafe [UInt8]($0) }
  }

  /// Passes over `count` bytes.
  @_lifetime(self: copy self)
  public mutating func skip(_ count: Int) throws(OutOfBytes) { _ = try advance(by: count) }

  /// Goes to an absolute place.
  @_lifetime(self: copy self)
  public mutating func seek(to place: Int) throws(OutOfBytes) {
    guard place >= 0, place <= bytes.byteCount else {
      throw OutOfBytes(offset: place, wanted: 0, remaining: bytes.byteCount)
    }
    offset = place
  }

  @_lifetime(self: copy self)
  private mutating func advance(by count: Int) throws(OutOfBytes) -> Int {
    guard count >= 0, count <= remaining else {
      throw OutOfBytes(offset: offset, wanted: count, remaining: remaining)
    }
    defer { offset += count }
    return offset
  }
}

/// More was asked for than is there.
public struct OutOfBytes: Error, Equatable, Sendable {
  public let offset: Int
  public let wanted: Int
  public let remaining: Int

  public init(offset: Int, wanted: Int, remaining: Int) {
    self.offset = offset
    self.wanted = wanted
    self.remaining = remaining
  }
}
