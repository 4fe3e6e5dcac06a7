import Bytes
import Glibc

/// Lends the bytes as a mapped file would hold them: aligned, and with nothing readable after the
/// last one as far as the address sanitizer is concerned.
func withMapping(of bytes: [UInt8], _ body: (MappedFile) -> Bool) -> Bool {
  let memory = UnsafeMutableRawBufferPointer.allocate(
    byteCount: bytes.count, alignment: 64)
  defer { unsafe memory.deallocate() }
  unsafe memory.copyBytes(from: bytes)
  return body(unsafe MappedFile(permanent: UnsafeRawBufferPointer(memory), name: "input"))
}

/// Lends a file that holds the bytes, in memory where the system offers that, for readers that
/// insist on a path.
func withFile(of bytes: [UInt8], _ body: (_ path: String) -> Bool) -> Bool {
  let folder = unsafe access("/dev/shm", W_OK) == 0 ? "/dev/shm" : "/tmp"
  var template = Array("\(folder)/synpo-fuzz-XXXXXX".utf8CString)
  let descriptor = unsafe mkstemp(&template)
  guard descriptor >= 0 else { return false }
  let path = String(decoding: template.dropLast().map { UInt8(bitPattern: $0) }, as: UTF8.self)
  defer {
    unsafe unlink(path)
    // What recovery may have put beside it.
    unsafe unlink("\(path).debris-1")
  }
  let written = unsafe write(descriptor, bytes, bytes.count)
  close(descriptor)
  return written == bytes.count && body(path)
}

/// Lends the reading end of a pipe that holds the bytes. Nothing happens where they are too many
/// for a pipe.
func withPipe(of bytes: [UInt8], _ body: (_ descriptor: Int32) -> Void) {
  var ends: [Int32] = [-1, -1]
  guard unsafe pipe(&ends) == 0 else { return }
  defer { close(ends[0]) }
  _ = fcntl(ends[1], F_SETFL, O_NONBLOCK)
  let written = unsafe write(ends[1], bytes, bytes.count)
  close(ends[1])
  if written == bytes.count { body(ends[0]) }
}
