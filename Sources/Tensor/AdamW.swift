import CKernels

extension Rowwise {
  /// One step of AdamW with decoupled weight decay, as `torch.optim.AdamW` computes it; all matrices
  /// have one shape.
  ///
  ///     g = gradient · gradientScale
  ///     m = β₁ m + (1 − β₁) g        v = β₂ v + (1 − β₂) g²
  ///     p = p · (1 − lr · decay) − lr / (1 − β₁ᵗ) · m / (√v / √(1 − β₂ᵗ) + ε)
  ///
  /// - Parameter step: t, from 1 on.
  public static func adamW(
    parameters: Matrix, gradient: Matrix, m: Matrix, v: Matrix, learningRate: Float, beta1: Float,
    beta2: Float, epsilon: Float, weightDecay: Float, step: Int, gradientScale: Float,
    on workers: Workers
  ) {
    precondition(step >= 1, "AdamW counts its steps from 1, not from \(step)")
    for (matrix, name) in [(gradient, "gradient" as StaticString), (m, "m"), (v, "v")] {
      matrix.requireShape(parameters.rows, parameters.columns, name)
    }
    let (rate, one, two) = (meant(learningRate), meant(beta1), meant(beta2))
    let step = ck_adamw(
      gradient_scale: gradientScale, one_minus_beta1: Float(1 - one), beta2: Float(two),
      one_minus_beta2: Float(1 - two), keep: Float(1 - rate * meant(weightDecay)),
      step_size: Float(rate / (1 - power(one, step))),
      root_correction2: Float((1 - power(two, step)).squareRoot()), epsilon: epsilon)
    workers.share(parameters.count, by: Stripes.values) { part in
      let i = part.lowerBound
      var step = step
      unsafe ck_adamw(
        parameters.at(0, i), gradient.at(0, i), m.at(0, i), v.at(0, i), part.count, &step)
    }
  }

  /// The decimal number that was meant: 1 − 0.999 in float is off in the fifth digit.
  private static func meant(_ value: Float) -> Double { Double("\(value)") ?? Double(value) }

  private static func power(_ base: Double, _ exponent: Int) -> Double {
    var (result, square, rest) = (1.0, base, exponent)
    while rest > 0 {
      if rest & 1 == 1 { result *= square }
      square *= square
      rest >>= 1
    }
    return result
  }
}
