/// What it costs that a chosen answer leads by z over the rejected one.
///
///     sigmoid   −(1 − ε)·log σ(z) − ε·log σ(−z)
///     hinge      (1 − ε)·max(0, 1 − z) + ε·max(0, 1 + z)
///
/// ε is the share of pairs that are held to be labelled the wrong way round.
public struct LeadLoss: Equatable, Sendable {
  public enum Kind: String, CaseIterable, Codable, Sendable {
    case sigmoid, hinge
  }

  public var kind: Kind
  /// ε, from 0 to below ½.
  public var labelSmoothing: Float

  public init(_ kind: Kind = .sigmoid, labelSmoothing: Float = 0) {
    self.kind = kind
    self.labelSmoothing = labelSmoothing
  }

  /// The loss and its slope ∂loss/∂z.
  public func judge(lead z: Float) -> (loss: Float, slope: Float) {
    let (right, wrong) = (cost(z), cost(-z))
    guard labelSmoothing > 0 else { return right }
    let kept = 1 - labelSmoothing
    return (
      kept * right.loss + labelSmoothing * wrong.loss,
      kept * right.slope - labelSmoothing * wrong.slope
    )
  }

  private func cost(_ z: Float) -> (loss: Float, slope: Float) {
    switch kind {
    case .sigmoid: (softplus(-z), -sigmoid(-z))
    case .hinge: (max(0, 1 - z), z < 1 ? -1 : 0)
    }
  }
}
