internal import Foundation
public import Tensor
public import Training
internal import Transformer

/// Everything a run depends on, with the paper's choices as defaults where a small machine allows.
///
/// In YAML the keys are written in snake case; keys that are not known are refused.
public struct RunSettings: Codable, Equatable, Sendable {
  /// `embedded`, a packed model, a GGUF file or a Hugging Face folder.
  public var model = "embedded"
  /// JSONL files or logs of good question-answer pairs; none for the embedded exercises.
  public var seeds: [String] = []
  /// Text whose paragraphs give keywords; none for the embedded stand-in.
  public var keywordSources: [String] = []
  /// The model's own where empty; else `chatml`, `plain` or a file with a Jinja template.
  public var chatTemplate = ""
  /// SynPO, or one of the methods it is compared with.
  public var recipe = Recipe.synpo
  /// The kinds of built-in exercises that seeds are drawn from; all where empty.
  public var seedKinds: [String] = []
  /// And those that held-back seeds are drawn from, where they are to be others.
  public var heldBackKinds: [String] = []
  /// Where everything a run makes is kept.
  public var outputDir = "runs/synpo"
  public var iterations = 2
  public var seed: UInt64 = 42
  /// Seeds that are used at most; 0 for all.
  public var maxSeeds = 0
  /// Share of the seeds that is kept out of all training, to measure on.
  public var heldBackShare: Double = 0.25
  public var maxHeldBack = 200
  /// How answers to held-back seeds are drawn; 0 takes the likeliest tokens. The paper measures at
  /// the temperature it generates with.
  public var validationTemperature: Float = 0.7
  /// How rewrites are drawn; as all answers, and as in the paper, where nil. With 0 the improver
  /// gives the answer that it holds for the likeliest.
  public var rewriteTemperature: Float?
  /// Keyword lists, and so synthetic prompts, an iteration.
  public var promptsPerIteration = 400
  /// Pairs that an iteration adds to the growing set at most, drawn at random.
  public var pairsPerIteration = 200
  /// Answers to each prompt, of which the best and the worst make a pair; for the recipes
  /// `sampling_ranking` and `self_rewarding`.
  public var samplesPerPrompt = 5
  /// Whose answer a rewrite has to beat: the initial model's, as in the paper, or the previous one's.
  public var rejected = ModelChoice.initial
  /// What preference training starts from: the initial model, as in the paper, or the previous one.
  public var startFrom = ModelChoice.initial
  public var useImprover = true
  public var usePairFilter = true
  /// Whether the generator goes on after its question to the solution that the paper's template asks
  /// for, which nothing uses. Takes several times as long.
  public var writeSolutions = false
  /// A text of which more than this share is repetition is dropped.
  public var repetitionLimit: Double = 0.5
  /// The longest sequence, prompt and answer, in tokens.
  public var contextSize = 512
  /// Memory for caches and activations, such as `4GiB`; empty for half of the machine's.
  public var memory = ""
  /// Sequences that are generated at once at most.
  public var parallelSequences = 64
  /// What the keys and values of texts under way are kept as.
  public var cache = KeyValueCache.Precision.float16
  /// `brief`, `detailed`, or `automatic`: brief for the embedded model.
  public var templates = "automatic"
  public var keywords = KeywordSettings()
  public var generation = GenerationSettings()
  public var scorer = ScorerSettings()
  public var generator = LearningSettings()
  public var improver = LearningSettings()
  public var policy = PolicySettings()

  public init() {}

  /// Keys that may be absent, which a default does not show.
  static let optionalKeys: Set<String> = [
    "rewrite_temperature", "scorer.threshold", "policy.gamma_beta_ratio",
  ]

  /// What `synpo run` does without a configuration: two iterations on the embedded model.
  public static var embedded: RunSettings {
    var settings = RunSettings()
    settings.outputDir = "runs/embedded"
    settings.promptsPerIteration = 1200
    settings.pairsPerIteration = 800
    settings.contextSize = 160
    settings.generation.maxTokens = 64
    for path in [\RunSettings.generator, \.improver, \.policy.learning, \.scorer.learning] {
      settings[keyPath: path].method = .full
      settings[keyPath: path].maxLength = 160
      settings[keyPath: path].learningRate = 3e-4
    }
    // A small improver is right far more often when it gives what it holds for the likeliest, and it
    // sees whether an answer is right, which the words of the answer alone hardly tell.
    settings.rewriteTemperature = 0
    settings.scorer.seesImprover = true
    settings.scorer.samplesPerSeed = 6
    // Few pairs and a small model: without the likelihood of chosen answers, they become less likely.
    settings.policy.sftWeight = 1
    settings.policy.learning.numTrainEpochs = 4
    return settings
  }
}

extension RunSettings {
  /// The words that generator and improver are asked with.
  public var recipeTemplates: RecipeTemplates {
    switch templates {
    case "brief": .brief
    case "detailed": .detailed
    default: model == "embedded" ? .brief : .detailed
    }
  }

  /// A short hash of everything that results depend on: the folder and the amount of memory do not
  /// count.
  public var hash: String {
    var settings = self
    settings.outputDir = ""
    settings.memory = ""
    settings.parallelSequences = 0
    let encoder = JSONEncoder()
    encoder.outputFormatting = .sortedKeys
    let json = (try? encoder.encode(settings)) ?? Data()
    var random = CounterRandom(seed: 0, stream: json.map { UInt64($0) })
    return String(random.next() >> 16, radix: 16)
  }
}

/// How an iteration comes to its pairs. Everything else is the same for all.
public enum Recipe: String, Codable, CaseIterable, Sendable {
  /// Rewrites by the improver before the initial model's answers.
  case synpo
  /// The best before the worst of several answers of the current model, by the scorer.
  case samplingRanking = "sampling_ranking"
  /// The same with the current model as judge.
  case selfRewarding = "self_rewarding"
  /// The seeds' own answers before the initial model's; no prompts are made. Each iteration adds
  /// one more answer to each seed.
  case seeds
}

public enum ModelChoice: String, Codable, CaseIterable, Sendable {
  case initial, previous
}

/// How keywords are drawn (paper section 2.1).
public struct KeywordSettings: Codable, Equatable, Sendable {
  /// Words of a seed's own prompt that the generator is trained with.
  public var trainingWords = 2
  /// Words of another prompt beside them, which it learns to pass over.
  public var noiseWords = 1
  /// Words of one paragraph that a synthetic prompt is asked for with.
  public var promptWords = 3
}

/// How answers are drawn (paper section 1.5: temperature 0.7, the rest as it comes).
public struct GenerationSettings: Codable, Equatable, Sendable {
  public var temperature: Float = 0.7
  public var topK = 0
  public var topP: Float = 1
  public var minP: Float = 0
  public var repetitionPenalty: Float = 1
  /// The longest answer, in tokens.
  public var maxTokens = 256
  /// Texts that end an answer and are no part of it.
  public var stop: [String] = []

  func sampling(seed: UInt64, stage: String) -> SamplingSettings {
    SamplingSettings(
      temperature: temperature, topK: topK, topP: topP, minP: minP,
      repetitionPenalty: repetitionPenalty, maximumTokens: maxTokens, seed: seed, stage: stage)
  }
}

/// Who says which of two answers is better, and by how much it must be.
public struct ScorerSettings: Codable, Equatable, Sendable {
  public var name = ScorerName.rewardHead
  /// The lead in score that counts as a win; each scorer has its own scale and default.
  public var threshold: Float?
  /// Answers to each seed that a reward is fitted against.
  public var samplesPerSeed = 2
  /// Whether a reward head also sees how likely the initial model, asked to improve an answer, is to
  /// leave it as it is.
  public var seesImprover = false
  /// The judge, or the folder of a reward model, of Hugging Face's kind or trained here; the initial
  /// model judges where empty.
  public var model = ""
  /// An external program with its arguments, found as a shell would.
  public var command: [String] = []
  /// Seconds that an external program may take for a reply.
  public var timeLimit: Double = 60
  /// How a `trained_reward` is trained.
  public var learning = LearningSettings()

  /// Bradley and Terry's loss on pairs.
  func training(seed: UInt64) -> TrainingSettings { learning.training(.reward(), seed: seed) }
}

public enum ScorerName: String, Codable, CaseIterable, Sendable {
  /// A linear reward on the initial model's last layer, fitted to the seeds.
  case rewardHead = "reward_head"
  /// A score head trained together with an adapter, or with all weights, on the same pairs.
  case trainedReward = "trained_reward"
  /// A model that is shown two answers in both orders.
  case judge
  /// A Hugging Face model for sequence classification with one label, or what `synpo train reward`
  /// has left.
  case rewardModel = "reward_model"
  /// A program that reads and writes JSON lines.
  case external
  /// The right answer of the embedded exercises.
  case exact
  /// A control: the longer answer wins.
  case length
  /// A control: the winner is drawn.
  case random
}

public enum TrainingMethod: String, Codable, CaseIterable, Sendable {
  case lora, full
}

/// What a training's products with the model's int8 weights are computed with.
public enum ForwardPass: String, Codable, CaseIterable, Sendable {
  /// `int8` for an adapter. Where all weights are trained they are floats, and so is everything.
  case automatic
  case float
  /// int8 weights meet activations and gradients that are rounded to int8. Several times faster.
  case int8
}

/// How a model is fine-tuned.
public struct LearningSettings: Codable, Equatable, Sendable {
  public var method = TrainingMethod.lora
  public var learningRate: Float = 2e-4
  /// Examples a step.
  public var batchSize = 16
  public var numTrainEpochs = 3
  public var warmupRatio: Float = 0.1
  public var lrSchedulerType = LearningRate.Schedule.cosine
  public var weightDecay: Float = 0
  public var maxGradNorm: Float = 1
  public var maxLength = 1024
  public var loraR = 16
  public var loraAlpha: Float = 32
  /// Whether the adapter's scale is α/√r instead of α/r.
  public var useRslora = false
  /// The share of an adapter's inputs that a step leaves out.
  public var loraDropout: Float = 0
  public var forward = ForwardPass.automatic
  public var optim = AdamW.Storage.float32
  /// How far the likelihood of what is learnt may fall, in nats a token, before a training is given
  /// up as collapsed; 0 for any amount.
  public var maxDrop: Double = 2
  /// Steps between two checkpoints.
  public var saveSteps = 20

  func training(_ objective: Objective, seed: UInt64) -> TrainingSettings {
    let part: TrainedPart =
      method == .full
      ? .everything
      : .adapter(
        targets: LinearName.allCases, rank: loraR, alpha: loraAlpha, isRankStabilised: useRslora)
    var settings = TrainingSettings(objective: objective, part: part)
    settings.adapterDropout = method == .lora ? loraDropout : 0
    settings.learningRate = learningRate
    settings.batchSize = batchSize
    settings.epochs = numTrainEpochs
    settings.warmupRatio = warmupRatio
    settings.schedule = lrSchedulerType
    settings.weightDecay = weightDecay
    settings.maximumGradientNorm = maxGradNorm
    settings.limits = LengthLimits(maximumLength: maxLength)
    let isFast = forward == .int8 || forward == .automatic && method == .lora
    settings.arithmetic = isFast ? .int8 : .float
    settings.optimizer = optim
    settings.collapse.maximumDrop = maxDrop
    settings.saveSteps = saveSteps
    settings.seed = seed
    return settings
  }
}

/// What the policy is trained with.
public enum PreferenceAlgorithm: String, Codable, CaseIterable, Sendable {
  case simpo, dpo
}

/// How the policy is trained on pairs.
public struct PolicySettings: Codable, Equatable, Sendable {
  public var algorithm = PreferenceAlgorithm.simpo
  public var beta: Float = 2
  /// The margin, absolute, as the SynPO paper states it.
  public var gamma: Float = 1.6
  /// The margin as a share of beta, as the SimPO repository states it; replaces `gamma`.
  public var gammaBetaRatio: Float?
  /// Allows a margin above beta.
  public var forceMargin = false
  public var lossType = LeadLoss.Kind.sigmoid
  public var labelSmoothing: Float = 0
  public var sftWeight: Float = 0
  /// Steps between two looks at held-back seeds, to see whether the policy still writes sound
  /// answers; 0 for none.
  public var evalSteps = 20
  /// Held-back seeds that are answered at a look.
  public var evalPrompts = 32
  public var learning = LearningSettings()

  public init() {
    learning.numTrainEpochs = 1
    learning.learningRate = 5e-5
  }

  /// The absolute margin in force.
  public var margin: Float { gammaBetaRatio.map { $0 * beta } ?? gamma }

  private var objective: Objective {
    let shape = LeadLoss(lossType, labelSmoothing: labelSmoothing)
    switch algorithm {
    case .simpo:
      return .preference(SimPO(beta: beta, gamma: margin, shape: shape), sftWeight: sftWeight)
    case .dpo: return .direct(DPO(beta: beta, shape: shape), sftWeight: sftWeight)
    }
  }

  func training(seed: UInt64) -> TrainingSettings {
    var settings = learning.training(objective, seed: seed)
    settings.collapse.evalSteps = evalSteps
    return settings
  }
}
