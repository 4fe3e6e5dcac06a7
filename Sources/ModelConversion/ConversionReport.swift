/// What a conversion did with the tensors.
public struct ConversionReport: Equatable, Sendable {
  public struct Tensor: Equatable, Sendable {
    public var name: String
    public var reason: String
  }

  public var tensors = 0
  /// Of all tensors in the new file.
  public var bytes = 0
  /// Matrices that were rounded to 8 bits.
  public var quantised = 0
  /// Tensors whose codes and scales, or floats, are those of the source.
  public var keptExactly = 0
  /// Matrices that stayed, or became, float32 and why; vectors always are.
  public var leftInFloat: [Tensor] = []
  /// Names the new packed file; empty for other kinds.
  public var fingerprint = ""

  mutating func count(_ fate: TensorFate, name: String, bytes: Int) {
    tensors += 1
    self.bytes += bytes
    switch fate {
    case .quantised: quantised += 1
    case .keptExactly: keptExactly += 1
    case .otherFloat: break
    case .left(let reason): leftInFloat.append(Tensor(name: name, reason: reason))
    }
  }
}

/// What becomes of one tensor.
enum TensorFate: Equatable {
  case quantised, keptExactly
  /// Floats of another type than in the source.
  case otherFloat
  case left(reason: String)

  static func oddWidth(_ columns: Int) -> TensorFate {
    .left(reason: "rows of \(columns) numbers are no multiple of 32")
  }
}

/// How far a conversion has come; called after each tensor.
public struct ConversionProgress: Sendable {
  public let tensor: String
  public let done: Int
  public let total: Int
}
