import CLZ4

/// The frame decoder of the LZ4 library, which our own reader of frames does not use.
enum LZ4Decoder {
  /// What a frame decodes to, at most `limit` bytes of it, and whether it is one whole frame with
  /// nothing behind it. Checksums of the content are passed over.
  static func decode(
    _ frame: ArraySlice<UInt8>, limit: Int
  ) -> (bytes: [UInt8], isWhole: Bool) {
    var context: OpaquePointer?
    guard unsafe LZ4F_isError(LZ4F_createDecompressionContext(&context, UInt32(LZ4F_VERSION))) == 0
    else { return ([], false) }
    defer { unsafe LZ4F_freeDecompressionContext(context) }
    var options = LZ4F_decompressOptions_t()
    options.skipChecksums = 1
    var output: [UInt8] = []
    var room = [UInt8](repeating: 0, count: 1 << 16)
    var rest = frame
    while !rest.isEmpty {
      var consumed = rest.count
      var made = room.count
      let wanted = unsafe rest.withUnsafeBytes { from in
        unsafe LZ4F_decompress(context, &room, &made, from.baseAddress, &consumed, &options)
      }
      guard LZ4F_isError(wanted) == 0 else { return (output, false) }
      output += room[..<made]
      rest = rest.dropFirst(consumed)
      if wanted == 0 { return (output, rest.isEmpty) }
      guard consumed + made > 0, output.count <= limit else { return (output, false) }
    }
    return (output, false)
  }
}
