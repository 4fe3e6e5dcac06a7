import ModelFile

extension FuzzTarget {
  /// The header and some numbers of every tensor.
  static let safetensors = FuzzTarget("safetensors") { bytes in
    withMapping(of: bytes) { file in
      guard let file = try? SafetensorsFile(file) else { return false }
      for tensor in file.tensors { _ = try? file.floats(of: tensor, rows: 0..<min(tensor.rows, 2)) }
      return true
    }
  }
}
