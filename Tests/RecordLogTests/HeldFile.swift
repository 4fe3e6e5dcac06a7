import Foundation

/// A file in memory whose bytes can be changed without a call of the system, to damage it a million
/// times over. Used by one thread.
final class HeldFile {
  let path: String
  let capacity: Int
  private let folder: QuickFolder
  private let descriptor: Int32
  private let bytes: UnsafeMutableRawBufferPointer

  init(_ content: [UInt8]) throws {
    folder = try QuickFolder()
    path = folder.file("held")
    capacity = content.count
    descriptor = open(path, O_RDWR | O_CREAT | O_CLOEXEC, 0o644)
    guard descriptor >= 0, ftruncate(descriptor, content.count) == 0,
      let base = mmap(nil, content.count, PROT_READ | PROT_WRITE, MAP_SHARED, descriptor, 0),
      base != MAP_FAILED
    else { throw CocoaError(.fileWriteUnknown) }
    bytes = UnsafeMutableRawBufferPointer(start: base, count: content.count)
    bytes.copyBytes(from: content)
  }

  deinit {
    munmap(bytes.baseAddress, bytes.count)
    close(descriptor)
  }

  /// Must lie in front of where the file was cut.
  subscript(place: Int) -> UInt8 {
    get { bytes[place] }
    set { bytes[place] = newValue }
  }

  func replace(_ range: Range<Int>, with content: ArraySlice<UInt8>) {
    UnsafeMutableRawBufferPointer(rebasing: bytes[range]).copyBytes(from: content)
  }

  /// Bytes that were cut off and come back are zeros.
  func resize(to length: Int) {
    if ftruncate(descriptor, length) != 0 { fatalError("a file in memory cannot be resized") }
  }

  /// The whole content anew, of whatever length up to the capacity.
  func fill(_ content: [UInt8]) {
    resize(to: content.count)
    replace(0..<content.count, with: content[...])
  }
}
