import Bytes
import CChecksum
import Glibc

/// The bytes a log is read from: a mapped file, a file that is asked piece by piece, or a stream
/// that only goes forward.
final class LogInput {
  let name: String
  /// Nil for a stream.
  private(set) var byteCount: UInt64?
  private let file: OpenFile
  private var map: MappedFile?
  /// Whether ``name`` leads to the file.
  private let isNamed: Bool
  /// What of a stream is in memory.
  private var stream = StreamBuffer()
  /// Whether all of it stays there until it is released.
  private var keepsBytes = false
  /// How long a stream may bring nothing; nil for as long as it likes.
  var patience: Duration?

  var isSeekable: Bool { byteCount != nil }
  var isMapped: Bool { map != nil }

  /// - Parameter end: where to stop, of a file of which not all counts.
  init(
    _ file: consuming OpenFile, isNamed: Bool = true, end: UInt64 = .max
  ) throws(FileError) {
    var status = stat()
    guard unsafe fstat(file.descriptor, &status) == 0 else {
      throw FileError(.status, path: file.path)
    }
    byteCount = (status.st_mode & S_IFMT) == S_IFREG ? min(UInt64(status.st_size), end) : nil
    if byteCount == nil { widenPipe(file.descriptor) }
    name = file.path
    self.isNamed = isNamed
    self.file = file
  }

  convenience init(path: String, end: UInt64 = .max) throws(FileError) {
    try self.init(OpenFile(path: path), end: end)
  }

  /// Reads what comes out of a descriptor, which stays the caller's.
  convenience init(borrowing descriptor: Int32, name: String) throws(FileError) {
    let copy = dup(descriptor)
    guard copy >= 0 else { throw FileError(.open, path: name) }
    try self.init(OpenFile(owning: copy, path: name), isNamed: false)
  }

  /// Looks how long a file is by now.
  func refresh() throws(RecordLogError.Problem) {
    guard isSeekable else { return }
    do throws(FileError) { byteCount = UInt64(try file.byteCount()) } catch { throw .file(error) }
  }

  /// Reads through a mapping from now on. Only for files that nobody changes any more.
  func mapFile() {
    guard isNamed, let mapped = try? MappedFile(path: name), UInt64(mapped.byteCount) == byteCount
    else {
      return
    }
    map = mapped
    // Whoever wants to change the file can see that it is in use; readers do not insist.
    _ = flock(file.descriptor, LOCK_SH | LOCK_NB)
  }

  deinit {
    if map != nil { _ = flock(file.descriptor, LOCK_UN) }
  }

  /// Fills `buffer` from `offset` on and returns how many of `count` bytes there were.
  ///
  /// The buffer grows where it must, but never beyond what is really there. A stream can only be
  /// read where it stands or further on.
  func read(
    at offset: UInt64, count: Int, into buffer: inout [UInt8]
  ) throws(RecordLogError.Problem) -> Int {
    guard let byteCount else { return try readStream(at: offset, count: count, into: &buffer) }
    guard offset < byteCount else { return 0 }
    let there = Int(min(UInt64(count), byteCount - offset))
    buffer.grow(to: there)
    buffer.poison(first: there)
    if let map { return try copy(map, at: Int(offset), count: there, into: &buffer) }
    return try readFile(at: Int(offset), count: there, into: &buffer)
  }

  /// Lends `count` bytes from `offset` on: where they lie, or copied into `buffer`.
  func withBytes<R>(
    at offset: UInt64, count: Int, copiedInto buffer: inout [UInt8],
    _ body: (StoredBytes) throws(RecordLogError.Problem) -> R
  ) throws(RecordLogError.Problem) -> R {
    if let map {
      try check(count, present: min(byteCount ?? 0, UInt64(map.byteCount)), from: offset)
      return try unsafe map.withUnsafeBytes { (all) throws(RecordLogError.Problem) -> R in
        let start = Int(offset)
        let piece = unsafe UnsafeRawBufferPointer(rebasing: all[start..<start + count])
        return try body(unsafe StoredBytes(piece, name: name))
      }
    }
    guard !isSeekable else {
      let got = try read(at: offset, count: count, into: &buffer)
      try check(count, present: offset + UInt64(got), from: offset)
      let bytes = buffer.rawSpan.extracting(first: count)
      return try unsafe bytes.withUnsafeBytes { (bytes) throws(RecordLogError.Problem) -> R in
        try body(unsafe StoredBytes(bytes, name: name))
      }
    }
    try check(count, present: try fetch(at: offset, count: count), from: offset)
    return try unsafe stream.withUnsafeBytes(at: offset, count: count) {
      (bytes) throws(RecordLogError.Problem) -> R in
      try body(unsafe StoredBytes(bytes, name: name))
    }
  }

  private func check(
    _ count: Int, present end: UInt64, from offset: UInt64
  ) throws(RecordLogError.Problem) {
    let present = end - min(end, offset)
    guard present >= UInt64(count) else {
      throw .truncated(wanted: UInt64(count), present: present)
    }
  }

  private func copy(
    _ map: MappedFile, at offset: Int, count: Int, into buffer: inout [UInt8]
  ) throws(RecordLogError.Problem) -> Int {
    let code = unsafe map.withUnsafeBytes { mapped in
      unsafe buffer.withUnsafeMutableBytes { room -> Int32 in
        guard let from = mapped.baseAddress else { return EIO }
        return unsafe cck_guarded_copy(room.baseAddress, from + offset, count)
      }
    }
    guard code == 0 else { throw .file(FileError(.read, path: name, code: code)) }
    return count
  }

  private func readFile(
    at offset: Int, count: Int, into buffer: inout [UInt8]
  ) throws(RecordLogError.Problem) -> Int {
    var done = 0
    while done < count {
      let got = unsafe buffer.withUnsafeMutableBytes { room in
        unsafe pread(
          file.descriptor, room.baseAddress.map { unsafe $0 + done }, count - done, offset + done)
      }
      if got < 0, errno == EINTR { continue }
      guard got >= 0 else { throw .file(FileError(.read, path: name)) }
      if got == 0 { break }
      done += got
    }
    return done
  }

  private func readStream(
    at offset: UInt64, count: Int, into buffer: inout [UInt8]
  ) throws(RecordLogError.Problem) -> Int {
    let end = try fetch(at: offset, count: count)
    guard end > offset else { return 0 }
    return unsafe stream.withUnsafeBytes(at: offset, count: count) { bytes in
      buffer.grow(to: bytes.count)
      unsafe buffer.withUnsafeMutableBytes { unsafe $0.copyMemory(from: bytes) }
      return bytes.count
    }
  }

  /// Brings `count` bytes of the stream from `offset` on into memory, or as many as there are, and
  /// returns where those in memory end.
  private func fetch(
    at offset: UInt64, count: Int
  ) throws(RecordLogError.Problem) -> UInt64 {
    guard offset >= stream.start else { throw .cannotSeek }
    let (end, overflow) = offset.addingReportingOverflow(UInt64(count))
    guard !overflow else { return 0 }
    while true {
      if !keepsBytes { stream.drop(before: offset) }
      guard stream.end < end else { return stream.end }
      try awaitBytes()
      do throws(FileError) {
        if try stream.fill(from: file) == 0 { return stream.end }
      } catch {
        throw .file(error)
      }
    }
  }

  /// Returns when something has come, or the stream's end.
  private func awaitBytes() throws(RecordLogError.Problem) {
    guard let patience else { return }
    let milliseconds = Int32(clamping: Int64(max(patience / .milliseconds(1), 0).rounded(.up)))
    var wanted = pollfd(fd: file.descriptor, events: Int16(POLLIN), revents: 0)
    var found = unsafe poll(&wanted, 1, milliseconds)
    while found < 0, errno == EINTR { found = unsafe poll(&wanted, 1, milliseconds) }
    guard found != 0 else { throw .silent(milliseconds: Int(milliseconds)) }
  }

  /// Keeps what is read of a stream from now on, until it is released.
  func keepBytes() { keepsBytes = true }

  /// Bytes in front of `offset` will not be asked for again.
  func release(before offset: UInt64) { stream.drop(before: offset) }
}

extension [UInt8] {
  /// Makes it hold at least `count` bytes.
  mutating func grow(to count: Int) {
    if self.count < count {
      append(contentsOf: repeatElement(0, count: count - self.count))
    }
  }

  /// Makes it hold `count` bytes, whatever they are.
  mutating func resize(to count: Int) {
    grow(to: count)
    removeLast(self.count - count)
    poison(first: count)
  }
}

/// Makes a pipe hold a mebibyte, for fewer and larger reads and writes. One that the system refuses
/// to widen, and anything that is no pipe, does as it is.
public func widenPipe(_ descriptor: Int32) { _ = cck_widen_pipe(descriptor, 1 << 20) }
