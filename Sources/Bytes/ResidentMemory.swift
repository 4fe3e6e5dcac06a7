import Glibc

/// What this process holds in memory: its own pages, and apart from them mapped file pages, which
/// the kernel can drop at any time.
public struct ResidentMemory: Equatable, Sendable {
  /// Anonymous pages: heap, stacks, buffers.
  public var own: ByteCount
  /// Pages of mapped files, shared with the page cache.
  public var mapped: ByteCount

  public init(own: ByteCount, mapped: ByteCount) {
    self.own = own
    self.mapped = mapped
  }

  /// The state now, read from `/proc/self/status`; nil where the system has no such file.
  public static func now() -> ResidentMemory? {
    guard let text = text(of: "/proc/self/status"),
      let own = kibibytes(after: "RssAnon:", in: text),
      let mapped = kibibytes(after: "RssFile:", in: text)
    else { return nil }
    return ResidentMemory(own: .kibibytes(own), mapped: .kibibytes(mapped))
  }

  /// Gives pages back that were freed: the allocator keeps them, for each thread apart, and a part
  /// of the work that runs on another thread takes more.
  public static func giveBack() {
    // `malloc.h` is not among what Swift imports of the C library; others than glibc lack it.
    guard let trim = unsafe dlsym(nil, "malloc_trim") else { return }
    _ = unsafe unsafeBitCast(trim, to: (@convention(c) (Int) -> Int32).self)(0)
  }

  /// The memory of the whole machine; nil where the system has no `/proc/meminfo`.
  public static func machine() -> ByteCount? {
    text(of: "/proc/meminfo").flatMap { kibibytes(after: "MemTotal:", in: $0) }
      .map(ByteCount.kibibytes)
  }

  private static func text(of path: String) -> String? {
    guard let file = try? OpenFile(path: path), let bytes = try? file.read(upTo: 16 << 10) else {
      return nil
    }
    return String(decoding: bytes, as: UTF8.self)
  }

  private static func kibibytes(after key: String, in text: String) -> Int? {
    for line in text.split(separator: "\n") where line.hasPrefix(key) {
      return Int(line.dropFirst(key.count).filter(\.isNumber))
    }
    return nil
  }
}
