internal import Foundation

/// SimPO: prefer the chosen answer over the rejected one by a margin, with no reference model
/// (arXiv 2405.14734; SynPO 2410.06961, section 2.3).
///
///     loss = −log σ( β·(c − r) − γ )
///
/// `c` and `r` are the mean log-probability, in nats per answer token, that the model gives the
/// chosen and the rejected answer.
public struct SimPO: Equatable, Sendable {
  /// β, reward per nat.
  public var beta: Float

  /// γ, the lead in reward that is asked for. Absolute, as SynPO states it; code that is configured
  /// with the ratio γ/β means this divided by `beta`.
  public var gamma: Float

  /// What the lead β·(c − r) − γ costs; the formula above is `sigmoid` without smoothing.
  public var shape: LeadLoss

  public init(beta: Float = 2, gamma: Float = 1.6, shape: LeadLoss = LeadLoss()) {
    self.beta = beta
    self.gamma = gamma
    self.shape = shape
  }

  public struct Verdict: Equatable, Sendable {
    public let loss: Float
    /// ∂loss/∂c. The slope for `r` is the same with its sign turned.
    public let slope: Float
  }

  public func judge(chosen c: Float, rejected r: Float) -> Verdict {
    let verdict = shape.judge(lead: beta * (c - r) - gamma)
    return Verdict(loss: verdict.loss, slope: beta * verdict.slope)
  }
}

/// log(1 + eˣ), with the large part taken out before the exponential can overflow.
func softplus(_ x: Float) -> Float { max(x, 0) + log1p(exp(-abs(x))) }

/// 1 / (1 + e⁻ˣ)
func sigmoid(_ x: Float) -> Float {
  x >= 0 ? 1 / (1 + exp(-x)) : exp(x) / (1 + exp(x))
}
