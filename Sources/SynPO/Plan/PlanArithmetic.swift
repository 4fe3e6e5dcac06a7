internal import Training

extension Plan {
  /// Lays out the parts of a run as ``Run`` does, with what each takes.
  public init(settings: RunSettings, work: PlanWork, rates: PlanRates) {
    let layout = PlanLayout(settings: settings, work: work, rates: rates)
    parts = layout.before + (1...settings.iterations).flatMap(layout.iteration)
    mappedBytes = rates.mappedBytes
    cacheBytes = rates.cacheBytes
    assumptions = layout.assumptions
  }
}

/// The arithmetic of a plan: what is done in which order, how often, and what one of it takes.
private struct PlanLayout {
  let settings: RunSettings
  let work: PlanWork
  let rates: PlanRates

  /// Seeds, scorer, generator, and how the initial model does.
  var before: [Plan.Part] {
    var parts = [
      Plan.Part(
        name: "import", iteration: 0, items: 1, seconds: rates.importing,
        ownBytes: rates.scoringBytes, diskBytes: rates.importedBytes),
      Plan.Part(
        name: "seeds", iteration: 0, items: work.seeds + work.heldBack, seconds: rates.gathering,
        ownBytes: rates.scoringBytes, diskBytes: log(work.seeds + work.heldBack)),
    ]
    parts.append(scorer)
    if settings.recipe != .seeds {
      parts.append(
        training(
          "generator", 0, examples: work.seeds, rows: work.generatorRows, settings.generator,
          rates.generator))
    }
    parts.append(validation(0))
    return parts
  }

  /// A reward is fitted to the initial model's answers to the seeds; others are only opened.
  private var scorer: Plan.Part {
    let name = settings.scorer.name
    guard name == .rewardHead || name == .trainedReward else {
      return part("scorer", 0, 1, rates.openingScorer)
    }
    let pairs = work.seeds * settings.scorer.samplesPerSeed
    var part = writing("scorer", 0, answering(pairs, by: work.answers), isAdapted: false)
    part.seconds += scoring(items: work.seeds, answers: settings.scorer.samplesPerSeed + 1)
    guard name == .trainedReward else {
      part.seconds += Double(pairs) * rates.fitting
      return part
    }
    // Every fifth prompt's pairs are not learnt from.
    let reward = training(
      "reward", 0, examples: pairs * 4 / 5, rows: work.rewardRows, settings.scorer.learning,
      rates.reward)
    part.seconds += reward.seconds
    part.ownBytes = max(part.ownBytes, reward.ownBytes)
    part.diskBytes += reward.diskBytes
    part.passingBytes = reward.passingBytes
    return part
  }

  /// As ``Iteration/turn()`` goes.
  func iteration(_ number: Int) -> [Plan.Part] {
    var parts: [Plan.Part] = []
    if settings.recipe != .seeds {
      let disk = Int(Double(work.lists) * rates.keywordBytes)
      parts.append(
        Plan.Part(
          name: "keywords", iteration: number, items: work.lists, seconds: rates.keywords,
          ownBytes: rates.scoringBytes, diskBytes: disk))
      let load = WritingLoad(
        items: work.lists, prompts: work.generatorPrompts, answers: work.generated,
        shared: work.generatorShared)
      parts.append(
        writing("prompts", number, load, isAdapted: settings.generator.method == .lora))
    }
    switch settings.recipe {
    case .synpo: parts += improving(number)
    case .samplingRanking, .selfRewarding: parts += ranking(number)
    case .seeds: parts += pairingSeeds(number)
    }
    parts += [policy(number), validation(number)]
    return parts
  }

  /// The training on all pairs so far, with its looks at what the policy writes meanwhile.
  private func policy(_ number: Int) -> Plan.Part {
    let learning = settings.policy.learning
    var part = training(
      "policy", number, examples: number * pairsPerIteration, rows: work.policyRows, learning,
      rates.policy)
    let every = settings.policy.evalSteps
    let looks = every > 0 ? steps(of: learning, examples: part.items) / every : 0
    guard looks > 0 else { return part }
    let answered = min(settings.policy.evalPrompts, work.heldBack)
    let look = writing(
      "look", number, answering(answered, by: afterTraining), isAdapted: learning.method == .lora)
    part.seconds += Double(looks + 1) * (look.seconds + rates.policy.saving)
    part.passingBytes = (min(looks, 2) + 1) * rates.policy.checkpointBytes
    return part
  }

  private func steps(of learning: LearningSettings, examples: Int) -> Int {
    learning.training(.imitation, seed: 0).steps(examples: examples)
  }

  /// Improver, drafts, rewrites, the answers to be beaten, pairs.
  private func improving(_ number: Int) -> [Plan.Part] {
    let prompts = work.lists
    var parts: [Plan.Part] = []
    if settings.useImprover {
      parts.append(
        writing(
          "seed answers", number, answering(work.seeds, by: current(number)),
          isAdapted: isAdapted(number)))
      var improver = training(
        "improver", number, examples: Int((work.winners * Double(work.seeds)).rounded()),
        rows: work.improverRows, settings.improver, rates.improver)
      improver.seconds += scoring(items: work.seeds, answers: 2)
      parts.append(improver)
    }
    parts.append(
      writing(
        "drafts", number, answering(prompts, by: current(number)), isAdapted: isAdapted(number)))
    if settings.useImprover {
      let load = WritingLoad(
        items: prompts, prompts: work.improverPrompts, answers: work.goldAnswers,
        shared: work.improverShared)
      parts.append(
        writing("rewrites", number, load, isAdapted: settings.improver.method == .lora))
    }
    parts.append(baselines(number, items: prompts))
    parts.append(pairs(number, items: prompts, answers: 2))
    return parts
  }

  private func ranking(_ number: Int) -> [Plan.Part] {
    let samples = (0..<settings.samplesPerPrompt).map { sample in
      writing(
        "samples-\(sample)", number, answering(work.lists, by: current(number)),
        isAdapted: isAdapted(number))
    }
    return samples + [pairs(number, items: work.lists, answers: settings.samplesPerPrompt)]
  }

  private func pairingSeeds(_ number: Int) -> [Plan.Part] {
    [
      Plan.Part(
        name: "gold", iteration: number, items: work.seeds, seconds: 0,
        ownBytes: rates.scoringBytes, diskBytes: log(work.seeds)),
      baselines(number, items: work.seeds), pairs(number, items: work.seeds, answers: 2),
    ]
  }

  /// What the rejected answers take.
  private func baselines(_ number: Int, items: Int) -> Plan.Part {
    let isInitial = settings.rejected == .initial
    return writing(
      "baselines", number, answering(items, by: isInitial ? work.answers : current(number)),
      isAdapted: !isInitial && isAdapted(number))
  }

  private func pairs(_ number: Int, items: Int, answers: Int) -> Plan.Part {
    let isJudged = settings.scorer.name == .judge || settings.recipe == .selfRewarding
    let seconds = Double(items) * twos(answers, isJudged: isJudged) * rates.pairing
    var part = part("pairs", number, items, seconds)
    part.diskBytes = log(items) * 3 / 2
    return part
  }

  /// Answers to held-back seeds, their scores beside the initial model's, and the loss on gold.
  private func validation(_ number: Int) -> Plan.Part {
    let lengths = number == 0 ? work.answers : afterTraining
    var part = writing(
      "validation", number, answering(work.heldBack, by: lengths),
      isAdapted: number > 0 && settings.policy.learning.method == .lora)
    part.seconds += Double(work.heldBack) * rates.goldLoss
    part.seconds += scoring(items: work.heldBack, answers: number == 0 ? 1 : 2)
    return part
  }

  private func writing(
    _ name: String, _ iteration: Int, _ load: WritingLoad, isAdapted: Bool
  ) -> Plan.Part {
    let rates = isAdapted ? rates.adapted : rates.plain
    return Plan.Part(
      name: name, iteration: iteration, items: load.items,
      seconds: rates.seconds(load, slots: self.rates.slots), ownBytes: self.rates.writingBytes,
      diskBytes: log(load.items))
  }

  private func training(
    _ name: String, _ iteration: Int, examples: Int, rows: Double, _ learning: LearningSettings,
    _ rates: TrainingRates
  ) -> Plan.Part {
    let steps = steps(of: learning, examples: examples)
    let saves = learning.saveSteps > 0 ? steps / learning.saveSteps : 0
    let learnt = Double(examples * learning.numTrainEpochs) * rows * rates.secondsPerRow
    return Plan.Part(
      name: name, iteration: iteration, items: examples,
      seconds: learnt + Double(saves) * rates.saving + rates.finishing, ownBytes: rates.ownBytes,
      diskBytes: rates.resultBytes + steps * Self.metricsLine,
      passingBytes: min(saves, 3) * rates.checkpointBytes)
  }

  /// A step's line of JSON.
  private static let metricsLine = 450

  private func part(_ name: String, _ iteration: Int, _ items: Int, _ seconds: Double) -> Plan.Part
  {
    Plan.Part(
      name: name, iteration: iteration, items: items, seconds: seconds,
      ownBytes: rates.scoringBytes)
  }

  private func scoring(items: Int, answers: Int) -> Double {
    Double(items) * twos(answers, isJudged: settings.scorer.name == .judge) * rates.scoring
  }

  /// How many times two answers so many are: a judge compares each with each, others look at each.
  private func twos(_ answers: Int, isJudged: Bool) -> Double {
    isJudged ? Double(answers * (answers - 1)) / 2 : Double(answers) / 2
  }

  private func answering(_ items: Int, by answers: [Int]) -> WritingLoad {
    WritingLoad(items: items, prompts: work.questions, answers: answers)
  }

  private func log(_ records: Int) -> Int { Int(Double(records) * rates.answerBytes) }

  /// The answers of the model that an iteration begins with.
  private func current(_ number: Int) -> [Int] { number == 1 ? work.answers : afterTraining }

  private func isAdapted(_ number: Int) -> Bool {
    number > 1 && settings.policy.learning.method == .lora
  }

  /// A trained policy's answers: half of them as long as before, half as long as the seeds'.
  private var afterTraining: [Int] {
    zip(work.answers, work.goldAnswers).flatMap { [$0, $1] }
  }

  private var pairsPerIteration: Int {
    let candidates = settings.recipe == .seeds ? work.seeds : work.lists
    let won = settings.usePairFilter ? work.winners : 1
    return min(settings.pairsPerIteration, Int((won * Double(candidates)).rounded()))
  }

  var assumptions: [String] {
    var list = [
      "prompts that are made are as long as the seeds', and each keyword list gives one",
      "answers are as long as the initial model's to a sample of the seeds, rewrites as the seeds' "
        + "own, a trained policy's half the one and half the other",
    ]
    let share = "\(Int((100 * work.winners).rounded())) of 100"
    list.append(
      settings.useImprover && settings.recipe == .synpo
        ? "\(share) seeds teach the improver, as in the sample by this scorer and threshold; and as "
          + "many prompts give a pair, in every iteration"
        : "\(share) prompts give a pair, as the seeds' own answers beat the sample's")
    list.append("the policy is trained on \(pairsPerIteration) more pairs with each iteration")
    return list
  }
}
