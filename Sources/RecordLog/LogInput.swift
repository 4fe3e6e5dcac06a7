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
  /// How far a stream has been read.
  private var position: UInt64 = 0
  /// What of a stream can be read again; nil where nothing is kept.
  private var kept: KeptBytes?

  var isSeekable: Bool { byteCount != nil }

  /// - Parameter end: where to stop, of a file of which not all counts.
  init(
    _ file: consuming OpenFile, isNamed: Bool = true, end: UInt64 = .max
  ) throws(FileError) {
    var status = stat()
    guard unsafe fstat(file.descriptor, &status) == 0 else {
      throw FileError(.status, path: file.path)
    }
    byteCount = (status.st_mode & S_IFMT) == S_IFREG ? min(UInt64(status.st_size), end) : nil
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
    grow(&buffer, to: there)
    if let map { return try copy(map, at: Int(offset), count: there, into: &buffer) }
    return try readFile(at: Int(offset), count: there, into: &buffer)
  }

  private func grow(_ buffer: inout [UInt8], to count: Int) {
    if buffer.count < count {
      buffer.append(contentsOf: repeatElement(0, count: count - buffer.count))
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
    if kept != nil { return try readKept(at: offset, count: count, into: &buffer) }
    guard offset >= position else { throw .cannotSeek }
    while position < offset {
      let step = min(Int(offset - position), ChunkLayout.inputStep)
      if try fill(&buffer, from: 0, count: step) == 0 { return 0 }
    }
    var done = 0
    while done < count {
      let step = min(count - done, ChunkLayout.inputStep)
      let got = try fill(&buffer, from: done, count: step)
      if got == 0 { break }
      done += got
    }
    return done
  }

  /// Keeps what is read of a stream from now on, until it is released.
  func keepBytes() {
    if !isSeekable, kept == nil { kept = KeptBytes(start: position) }
  }

  /// Bytes in front of `offset` will not be asked for again.
  func release(before offset: UInt64) { kept?.drop(before: offset) }

  private func readKept(
    at offset: UInt64, count: Int, into buffer: inout [UInt8]
  ) throws(RecordLogError.Problem) -> Int {
    let start = kept?.start ?? position
    guard offset >= start else { throw .cannotSeek }
    let (end, overflow) = offset.addingReportingOverflow(UInt64(count))
    guard !overflow else { return 0 }
    var step: [UInt8] = []
    while position < end {
      let got = try fill(&step, from: 0, count: min(Int(end - position), ChunkLayout.inputStep))
      if got == 0 { break }
      kept?.append(step[..<got])
    }
    return kept?.copy(from: offset, count: count, into: &buffer) ?? 0
  }

  /// One read of a stream, to `start` in `buffer`.
  private func fill(
    _ buffer: inout [UInt8], from start: Int, count: Int
  ) throws(RecordLogError.Problem) -> Int {
    grow(&buffer, to: start + count)
    while true {
      let got = unsafe buffer.withUnsafeMutableBytes { room in
        unsafe Glibc.read(file.descriptor, room.baseAddress.map { unsafe $0 + start }, count)
      }
      if got < 0, errno == EINTR { continue }
      guard got >= 0 else { throw .file(FileError(.read, path: name)) }
      position += UInt64(got)
      return got
    }
  }
}
