import Glibc

/// The records that wait to become a chunk. Used again for the next ones.
final class OpenChunk {
  private let values = ByteStore()
  /// As ``RecordTable`` has it: the sizes, and the types behind them once ``close()`` was called.
  private let table = ByteStore()
  /// One per record where they differ, else empty.
  private var types: [UInt16] = []
  private var isMixed = false
  private var firstType: UInt16 = 0
  /// Taken as the records come, a stretch at a time, long before anything is packed, so that it
  /// covers every step after it.
  private var checksum = Checksum()
  private var summed = 0
  private(set) var count = 0
  private(set) var largestRecord = 0
  /// Whether every record is JSON, hence ends in a line feed.
  private var isLines = true
  /// When the oldest record came, by ``monotonicNow()``; only where a stream asked for it.
  var opened: Duration?

  /// How many bytes are summed at once, which takes far less time than record by record.
  private static let stretch = 6144

  var isEmpty: Bool { count == 0 }
  /// Bytes of all records.
  var byteCount: Int { values.count }
  /// All records back to back, until the next change.
  var bytes: UnsafeRawBufferPointer { unsafe values.bytes }
  var tableBytes: UnsafeRawBufferPointer { unsafe table.bytes }

  /// Whether `more` bytes belong into a chunk of their own.
  func isFull(before more: Int, limit: Int) -> Bool {
    count > 0 && (values.count + more > limit || count >= ChunkLayout.recordsLimit)
  }

  @inline(__always)
  func append(_ record: RawSpan, addingNewline: Bool, type: UInt16, isLine: Bool) {
    unsafe record.withUnsafeBytes { unsafe values.append($0) }
    if addingNewline { values.append(newline) }
    note(record.byteCount + (addingNewline ? 1 : 0), type: type, isLine: isLine)
    if values.count - summed >= Self.stretch { sum() }
  }

  /// Appends lines from the front of `lines` for as long as they fit, the first one in any case.
  ///
  /// - Parameters:
  ///   - largest: the most bytes of a line.
  ///   - most: how many lines at most.
  /// - Returns: the bytes taken, and whether a line came that is empty or too large.
  @unsafe
  func append(
    lines: UnsafeRawBufferPointer, type: UInt16, limit: Int, largest: Int, most: Int
  ) -> (taken: Int, isStopped: Bool) {
    let before = count
    var end = 0
    var isStopped = false
    var room = limit - values.count
    while end < lines.count, count - before < most {
      let rest = unsafe UnsafeRawBufferPointer(rebasing: lines[end...])
      let size = unsafe newlineOffset(rest).map { $0 + 1 } ?? rest.count + 1
      isStopped = size == 1 || size > largest
      guard !isStopped, size <= room || count == 0, count < ChunkLayout.recordsLimit else { break }
      note(size, type: type, isLine: true)
      room -= size
      end += size
    }
    let taken = min(end, lines.count)
    unsafe values.append(UnsafeRawBufferPointer(rebasing: lines[..<taken]))
    if end > taken { values.append(newline) }
    sum()
    return (taken, isStopped)
  }

  @inline(__always)
  private func note(_ size: Int, type: UInt16, isLine: Bool) {
    table.append(number: UInt32(truncatingIfNeeded: size))
    if count == 0 {
      firstType = type
    } else if type != firstType || isMixed {
      noteType(type)
    }
    count += 1
    if size > largestRecord { largestRecord = size }
    if !isLine { isLines = false }
  }

  @inline(never)
  private func noteType(_ type: UInt16) {
    if !isMixed { types = Array(repeating: firstType, count: count) }
    isMixed = true
    types.append(type)
  }

  @inline(never)
  private func sum() {
    var checksum = self.checksum
    unsafe checksum.add(UnsafeRawBufferPointer(rebasing: values.bytes[summed...]))
    self.checksum = checksum
    summed = values.count
  }

  /// Says in `header` what the chunk holds. Nothing is appended after this.
  func close(_ header: inout ChunkHeader) {
    sum()
    for type in types { table.append(number: UInt32(type)) }
    header.type = isMixed ? ChunkLayout.mixedTypes : firstType
    header.recordCount = UInt32(count)
    header.valuesRaw = UInt32(byteCount)
    header.codec = byteCount > 0 ? 1 : 0
    header.rawChecksum = checksum.masked
    if isLines { header.flags.insert(.newline) }
  }

  /// Gives its records, which were closed, to `other`, which has none, and takes its memory.
  func move(to other: OpenChunk) {
    values.exchange(with: other.values)
    table.exchange(with: other.table)
    other.count = count
    other.largestRecord = largestRecord
    other.opened = opened
    clear(keeping: .max)
  }

  /// Forgets the records; keeps up to `most` bytes of memory for the next ones.
  func clear(keeping most: Int) {
    values.removeAll(keeping: most)
    table.removeAll(keeping: most)
    types.removeAll(keepingCapacity: true)
    isMixed = false
    checksum = Checksum()
    summed = 0
    count = 0
    largestRecord = 0
    isLines = true
    opened = nil
  }
}

let newline = UInt8(ascii: "\n")

/// Where the first line feed stands, if there is one.
@unsafe
func newlineOffset(_ bytes: UnsafeRawBufferPointer) -> Int? {
  guard let start = bytes.baseAddress else { return nil }
  guard let found = unsafe memchr(start, Int32(newline), bytes.count) else { return nil }
  return unsafe UnsafeRawPointer(found) - start
}

/// A clock that only goes forward, to some milliseconds; costs next to nothing to read.
func monotonicNow() -> Duration {
  var now = timespec()
  unsafe clock_gettime(CLOCK_MONOTONIC_COARSE, &now)
  return .seconds(now.tv_sec) + .nanoseconds(now.tv_nsec)
}
