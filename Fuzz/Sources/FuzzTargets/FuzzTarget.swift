/// One way into the program for bytes from outside.
public struct FuzzTarget: Sendable {
  /// Names its folders under `Seeds` and `Regressions`.
  public let name: String

  /// Reads the bytes as a user's file would be read. Must return for any bytes: refusing them is
  /// right, a trap or an endless loop is what the fuzzer looks for.
  public let run: @Sendable ([UInt8]) -> Void

  /// Makes the checksums of a changed input right again, as far as its structure can still be
  /// seen. Without that nothing gets past them.
  public let repair: (@Sendable (inout [UInt8]) -> Void)?

  init(
    _ name: String, repair: (@Sendable (inout [UInt8]) -> Void)? = nil,
    run: @escaping @Sendable ([UInt8]) -> Void
  ) {
    self.name = name
    self.run = run
    self.repair = repair
  }

  public static let all = [
    gguf, safetensors, packedModel, tokenizer, recordLog, recordLogRecovery,
  ]
}
