import Glibc

/// A file mapped read-only into memory for as long as anything refers to it.
///
/// A mapping reserves address space, not memory: the kernel brings a page in when it is first
/// touched and may drop it again at any time. The file must not shrink while it is mapped.
@safe
public final class MappedFile: Sendable {
  public let path: String
  public var byteCount: Int { unsafe region.count }

  // Written once in `init`, freed in `deinit`, never changed in between.
  nonisolated(unsafe) private let region: UnsafeRawBufferPointer
  private let isOurs: Bool

  /// Maps the whole file. An empty file maps to no bytes.
  public init(path: String) throws(FileError) {
    let file = try OpenFile(path: path)
    let byteCount = try file.byteCount()
    self.path = path
    guard byteCount > 0 else {
      unsafe region = UnsafeRawBufferPointer(start: nil, count: 0)
      isOurs = false
      return
    }
    let base = unsafe mmap(nil, byteCount, PROT_READ, MAP_SHARED, file.descriptor, 0)
    guard let base = unsafe base, unsafe base != MAP_FAILED else {
      throw FileError(.map, path: path)
    }
    unsafe region = UnsafeRawBufferPointer(start: base, count: byteCount)
    isOurs = true
  }

  /// Wraps bytes that live as long as the program does, such as those linked into it.
  @unsafe
  public init(permanent bytes: UnsafeRawBufferPointer, name: String) {
    unsafe region = bytes
    path = name
    isOurs = false
  }

  deinit {
    guard isOurs, let base = unsafe region.baseAddress else { return }
    unsafe munmap(UnsafeMutableRawPointer(mutating: base), region.count)
  }

  /// The whole file; valid while `self` is.
  public var bytes: RawSpan {
    @_lifetime(borrow self)
    get {
      let span = unsafe RawSpan(_unsafeBytes: region)
      return unsafe _overrideLifetime(span, borrowing: self)
    }
  }

  /// Tells the kernel how the file will be read: from front to back, or here and there.
  public func expectAccess(sequential: Bool) {
    guard isOurs, let base = unsafe region.baseAddress else { return }
    let advice = sequential ? MADV_SEQUENTIAL : MADV_RANDOM
    unsafe madvise(UnsafeMutableRawPointer(mutating: base), region.count, advice)
  }

  /// Lends the bytes to a kernel. The pointer must not outlive the call.
  @unsafe
  public func withUnsafeBytes<R, E: Error>(
    _ body: (UnsafeRawBufferPointer) throws(E) -> R
  ) throws(E) -> R {
    try unsafe body(region)
  }
}

/// A stretch of a mapped file, which it keeps mapped.
public struct MappedBytes: Sendable {
  public let file: MappedFile
  public let range: Range<Int>

  public var count: Int { range.count }

  /// - Precondition: `range` lies in the file; readers of formats check that before.
  public init(_ file: MappedFile, range: Range<Int>) {
    precondition(
      range.lowerBound >= 0 && range.upperBound <= file.byteCount,
      "\(range) does not lie in the \(file.byteCount) bytes of \(file.path)")
    self.file = file
    self.range = range
  }

  /// Lends the bytes to a kernel. The pointer must not outlive the call.
  @unsafe
  public func withUnsafeBytes<R, E: Error>(
    _ body: (UnsafeRawBufferPointer) throws(E) -> R
  ) throws(E) -> R {
    try unsafe file.withUnsafeBytes { (all) throws(E) -> R in
      try unsafe body(UnsafeRawBufferPointer(rebasing: all[range]))
    }
  }
}
