/// Direct preference optimisation: prefer the chosen answer more than a reference model does
/// (arXiv 2305.18290).
///
///     z = β·[ (C − C₀) − (R − R₀) ]
///
/// `C` and `R` are the log-probabilities of whole answers, summed up over their tokens; `C₀` and `R₀`
/// those of the reference, the model that training started from.
public struct DPO: Equatable, Sendable {
  /// β, reward per nat.
  public var beta: Float
  /// What the lead z costs.
  public var shape: LeadLoss

  public init(beta: Float = 0.1, shape: LeadLoss = LeadLoss()) {
    self.beta = beta
    self.shape = shape
  }

  /// How much more an answer is to the model than to the reference, in reward.
  public func reward(_ sum: Float, reference: Float) -> Float { beta * (sum - reference) }

  /// - Parameters:
  ///   - c: β·(C − C₀)
  ///   - r: β·(R − R₀)
  /// - Returns: the loss and ∂loss/∂C; the slope for `R` is the same with its sign turned.
  public func judge(chosen c: Float, rejected r: Float) -> SimPO.Verdict {
    let verdict = shape.judge(lead: c - r)
    return SimPO.Verdict(loss: verdict.loss, slope: beta * verdict.slope)
  }
}
