import ModelFile

extension FuzzTarget {
  /// Metadata, directory and some numbers of every tensor.
  static let gguf = FuzzTarget("gguf") { bytes in
    withMapping(of: bytes) { file in
      guard let file = try? GGUFFile(file) else { return false }
      for key in file.metadata.keys {
        _ = file.metadata.integers(key)
        _ = file.metadata.numbers(key)
        _ = file.metadata.strings(key)
      }
      for tensor in file.tensors { _ = file.floats(of: tensor, rows: 0..<min(tensor.rows, 2)) }
      return true
    }
  }
}
