import Bytes

/// Lends the bytes as a mapped file would hold them: aligned, and with nothing readable after the
/// last one as far as the address sanitizer is concerned.
func withMapping(of bytes: [UInt8], _ body: (MappedFile) -> Void) {
  let memory = UnsafeMutableRawBufferPointer.allocate(
    byteCount: bytes.count, alignment: 64)
  defer { unsafe memory.deallocate() }
  unsafe memory.copyBytes(from: bytes)
  body(unsafe MappedFile(permanent: UnsafeRawBufferPointer(memory), name: "input"))
}
