/// When a training stops and goes back to the best state it has been in.
///
/// 1. The loss or a gradient is no finite number.
/// 2. The answers to be learnt have become much less likely: over the last `window` steps their mean
///    log-probability lies more than `maximumDrop` nats a token below that of the first `window`.
///    Margins and accuracy look fine while that happens.
/// 3. On held-back examples the loss has not been lower than its lowest for `patience` looks.
/// 4. Of the answers that the model writes to held-back prompts more than `mostRepetitive` go in
///    circles, and more than at the beginning.
/// 5. Of these answers a smaller share comes to its end than `leastEnded` times that at the beginning.
///
/// The best state is that of the lowest held-back loss; without held-back examples, that of the last
/// look at written answers, the first being before the first step; without these, that of the last
/// checkpoint at which the likelihood had fallen by less than half of what is allowed.
public struct CollapseRule: Equatable, Sendable {
  /// In nats a token; 0 for any drop.
  public var maximumDrop: Double = 2
  /// Steps that are averaged over.
  public var window = 10
  /// Looks at held-back examples; 0 for any number.
  public var patience = 3
  /// Steps between two looks.
  public var evalSteps = 50
  /// Share of written answers that may repeat themselves.
  public var mostRepetitive = 0.5
  /// What has to be left of the share of written answers that end by themselves.
  public var leastEnded = 0.5

  public init() {}
}

/// What a training has seen of itself; it is part of a checkpoint, so that a training that is taken
/// up again judges as if it had not been broken off.
struct CollapseWatch: Codable, Equatable, Sendable {
  /// Mean log-probabilities of the answers to be learnt, of the first and of the last steps.
  private var first: [Double] = []
  private var last: [Double] = []
  private var lowestLoss: Double?
  private var looksSinceLowest = 0
  /// What the model wrote before the first step.
  private(set) var firstAnswers: SampledAnswers?
  /// The checkpoint to go back to.
  private(set) var bestStep: Int?

  /// How far the answers' likelihood has fallen, in nats a token.
  var drop: Double {
    guard !last.isEmpty else { return 0 }
    return mean(first) - mean(last)
  }

  /// - Returns: why the training has collapsed, if it has.
  mutating func see(_ report: StepReport, _ rule: CollapseRule) -> String? {
    let value = report.logpsChosen ?? -(report.nllLoss ?? 0)
    if first.count < rule.window { first.append(value) }
    last = (last + [value]).suffix(max(rule.window, 1))
    guard rule.maximumDrop > 0, last.count == rule.window, drop > rule.maximumDrop else {
      return nil
    }
    let fallen = (drop * 100).rounded() / 100
    return "the answers to be learnt have become less likely by \(fallen) nats a token"
  }

  /// Takes the loss on held-back examples after `step` into account.
  ///
  /// - Returns: why the training is given up, if it is.
  mutating func look(_ loss: Double, step: Int, _ rule: CollapseRule) -> String? {
    if loss < lowestLoss ?? .infinity {
      lowestLoss = loss
      looksSinceLowest = 0
      bestStep = step
      return nil
    }
    looksSinceLowest += 1
    guard rule.patience > 0, looksSinceLowest >= rule.patience else { return nil }
    return "the loss on held-back examples has not fallen for \(looksSinceLowest) looks"
  }

  /// Takes what the model wrote after `step` into account.
  ///
  /// - Returns: why the training has collapsed, if it has.
  mutating func look(_ answers: SampledAnswers, step: Int, _ rule: CollapseRule) -> String? {
    let first = firstAnswers ?? answers
    firstAnswers = first
    if answers.repetitive > max(rule.mostRepetitive, first.repetitive) {
      return "\(answers.count(answers.repetitive)) answers to held-back prompts repeat themselves"
    }
    if answers.ended < rule.leastEnded * first.ended {
      return "\(answers.count(answers.ended)) answers to held-back prompts come to an end, "
        + "\(first.count(first.ended)) did at the beginning"
    }
    if lowestLoss == nil { bestStep = step }
    return nil
  }

  /// A checkpoint is about to be saved: where nothing is looked at, it is the best if all is calm.
  mutating func willSave(step: Int, _ rule: CollapseRule) {
    guard lowestLoss == nil, firstAnswers == nil,
      rule.maximumDrop <= 0 || drop < rule.maximumDrop / 2
    else { return }
    bestStep = step
  }

  private func mean(_ values: [Double]) -> Double {
    values.reduce(0, +) / Double(max(values.count, 1))
  }
}
