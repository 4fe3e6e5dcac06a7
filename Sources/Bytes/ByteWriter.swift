/// Collects little-endian values in the order they are given.
public struct ByteWriter: Sendable {
  public private(set) var bytes: [UInt8] = []
  public var count: Int { bytes.count }

  public init(reserving capacity: Int = 0) { bytes.reserveCapacity(capacity) }

  public mutating func append(_ value: some FixedWidthInteger & BitwiseCopyable) {
    unsafe withUnsafeBytes(of: value.littleEndian) { unsafe bytes.append(contentsOf: $0) }
  }

  public mutating func append(bytes more: some Sequence<UInt8>) { bytes.append(contentsOf: more) }

  /// Zeros until the count is a multiple of `alignment`.
  public mutating func pad(to alignment: Int) {
    let rest = bytes.count % alignment
    if rest > 0 { bytes.append(contentsOf: repeatElement(0, count: alignment - rest)) }
  }
}
