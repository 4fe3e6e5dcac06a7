/// One way into the program for bytes from outside.
public struct FuzzTarget: Sendable {
  /// Names its folders under `Seeds` and `Regressions`.
  public let name: String

  /// Reads the bytes as a user's file would be read, and says whether they were accepted. Must
  /// return for any bytes: a trap or an endless loop is what the fuzzer looks for.
  public let run: @Sendable ([UInt8]) -> Bool

  /// Makes the checksums of a changed input right again, as far as its structure can still be
  /// seen. Without that nothing gets past them.
  public let repair: (@Sendable (inout [UInt8]) -> Void)?

  init(
    _ name: String, repair: (@Sendable (inout [UInt8]) -> Void)? = nil,
    run: @escaping @Sendable ([UInt8]) -> Bool
  ) {
    self.name = name
    self.run = run
    self.repair = repair
  }

  public static let all = [
    gguf, safetensors, packedModel, tokenizer, chatTemplate, recordLog, recordLogRecovery,
    recordLogSalvage, recordChunk, recordTable, lz4Frame, logDescription, cursor, seeds,
  ]
}

/// Traps where the readers contradict themselves, and says how even in optimised code.
func demand(_ isTrue: Bool, _ contradiction: @autoclosure () -> String) {
  if !isTrue { fatalError(contradiction()) }
}
