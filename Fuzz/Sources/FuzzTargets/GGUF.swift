import ModelFile
import Tokenization

extension FuzzTarget {
  /// Metadata, directory, some numbers of every tensor, and the tokenizer if there is one.
  static let gguf = FuzzTarget("gguf") { bytes in
    withMapping(of: bytes) { file in
      guard let file = try? GGUFFile(file) else { return false }
      for key in file.metadata.keys {
        _ = file.metadata.integers(key)
        _ = file.metadata.numbers(key)
        _ = file.metadata.strings(key)
      }
      for tensor in file.tensors { _ = file.floats(of: tensor, rows: 0..<min(tensor.rows, 2)) }
      if let tokenizer = try? Tokenizer(metadata: file.metadata) { exercise(tokenizer) }
      return true
    }
  }
}
