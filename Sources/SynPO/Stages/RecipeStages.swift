public import Corpus
internal import Pipeline
internal import Tokenization
internal import Transformer

/// The stages in which a model writes; each reads one log and writes another.
public struct RecipeStages: Sendable {
  public let settings: RunSettings
  public let templates: RecipeTemplates
  /// Counted from 1; 0 before the first.
  public let iteration: Int
  /// Told as records go by: the stage's name and how many of its input have been dealt with.
  public var progress: @Sendable (String, UInt64) -> Void = { _, _ in }

  public init(
    settings: RunSettings, iteration: Int,
    progress: @escaping @Sendable (String, UInt64) -> Void = { _, _ in }
  ) {
    self.settings = settings
    self.iteration = iteration
    self.progress = progress
    templates = settings.recipeTemplates
  }

  /// Keyword lists to synthetic prompts (paper section 2.1).
  public func prompts(
    _ generator: ChatModel, from input: String, to output: String
  ) async throws -> StageSummary {
    let stage = run("prompts", input, output, KeywordList.self, SyntheticPrompt.self)
    let writing = try writing(
      generator, "prompts",
      closings: settings.writeSolutions ? [] : RecipeTemplates.questionEnds)
    let (templates, origin) = (templates, origin(generator))
    return try await stage.run { source, out in
      try await writing.run(stage: "prompts", source, into: out) { list in
        try generator.generatorPrompt(templates, keywords: list.keywords)
      } make: { list, written in
        parse(written, list, origin: origin)
      }
    }
  }

  /// Prompts to answers of `model`: drafts of the current one, baselines of the initial one.
  ///
  /// - Parameter sample: which of several answers to the same prompts.
  public func answers(
    _ model: ChatModel, kind: Answer.Kind, sample: Int = 0, from input: String, to output: String
  ) async throws -> StageSummary {
    let name = kind == .baseline ? "baselines" : "drafts"
    let log = sample == 0 ? name : "\(name)-\(sample)"
    let stage = run(log, input, output, SyntheticPrompt.self, Answer.self)
    // Baselines are the same whatever the iteration: the initial model does not change.
    let writing = try writing(model, name, sample: sample)
    let origin = origin(model)
    return try await stage.run { source, out in
      try await writing.run(stage: name, source, into: out) { prompt in
        try model.prompt(prompt.prompt)
      } make: { prompt, written in
        answer(kind, to: prompt.prompt, written, origin: origin, parents: [prompt.id])
      }
    }
  }

  /// A model's answers to the seeds themselves, from which improver and reward head learn.
  public func seedAnswers(
    _ model: ChatModel, sample: Int = 0, from input: String, to output: String
  ) async throws -> StageSummary {
    let name = "seed-answers-\(sample)"
    let stage = run(name, input, output, Seed.self, Answer.self)
    let writing = try writing(model, name)
    let origin = origin(model)
    return try await stage.run { source, out in
      try await writing.run(stage: name, source, into: out) { seed in
        try model.prompt(seed.chat)
      } make: { seed, written in
        answer(.draft, to: seed.prompt, written, origin: origin, parents: [seed.id])
      }
    }
  }

  /// The seeds' own answers, as if a model had given them.
  func goldAnswers(from input: String, to output: String) async throws -> StageSummary {
    let stage = run("gold", input, output, Seed.self, Answer.self)
    let origin = Origin(iteration: iteration, settings: settings.hash, seed: settings.seed)
    return try await stage.run { source, out in
      while let next = try await source.next() {
        switch next {
        case .element(let next):
          let seed = next.element
          let answer = Answer(
            .rewrite, prompt: seed.prompt, answer: seed.answer, origin: origin.with([seed.id]))
          try await out.send(Numbered(cursor: next.cursor, element: .made(answer)))
        case .barrier(let barrier): try await out.send(.barrier(barrier))
        }
      }
    }
  }

  /// Drafts to rewrites (paper section 2.2).
  public func rewrites(
    _ improver: ChatModel, from input: String, to output: String
  ) async throws -> StageSummary {
    let stage = run("rewrites", input, output, Answer.self, Answer.self)
    var sampling = settings.generation.sampling(
      seed: settings.seed, stage: "rewrites/\(iteration)")
    sampling.temperature = settings.rewriteTemperature ?? sampling.temperature
    let writing = try writing(improver, sampling)
    let (templates, origin) = (templates, origin(improver))
    return try await stage.run { source, out in
      try await writing.run(stage: "rewrites", source, into: out) { draft in
        try improver.prompt(
          templates.improverPrompt(question: draft.prompt, answer: draft.answer))
      } make: { draft, written in
        answer(
          .rewrite, to: draft.prompt, written, origin: origin,
          parents: [draft.id] + draft.origin.parents)
      }
    }
  }

  /// Answers to held-back seeds, to measure on.
  public func validationAnswers(
    _ model: ChatModel, from input: String, to output: String
  ) async throws -> StageSummary {
    let stage = run("validation", input, output, Seed.self, Answer.self)
    var sampling = settings.generation.sampling(seed: settings.seed, stage: "validation")
    sampling.temperature = settings.validationTemperature
    let writing = try writing(model, sampling)
    let origin = origin(model)
    return try await stage.run { source, out in
      try await writing.run(stage: "validation", source, into: out) { seed in
        try model.prompt(seed.chat)
      } make: { seed, written in
        .made(
          Answer(
            .draft, prompt: seed.prompt, answer: written.text, origin: origin.with([seed.id])))
      }
    }
  }

  private func run<Input: CorpusRecord, Output: CorpusRecord>(
    _ name: String, _ input: String, _ output: String, _: Input.Type, _: Output.Type
  ) -> StageRun<Input, Output> {
    let progress = progress
    return StageRun(
      name: name, input: input, output: output,
      identity: "\(settings.hash)/\(iteration)", progress: { progress(name, $0) })
  }

  func writing(
    _ chat: ChatModel, _ stage: String, sample: Int = 0, closings: [String] = []
  ) throws -> Writing {
    var writing = try writing(
      chat,
      settings.generation.sampling(seed: settings.seed, stage: "\(stage)/\(iteration)"))
    writing.sample = sample
    writing.closings = closings
    return writing
  }

  private func writing(_ chat: ChatModel, _ sampling: SamplingSettings) throws -> Writing {
    let budget = try MemoryBudget(setting: settings.memory)
    let capacity = min(settings.contextSize, chat.model.contextLimit)
    return Writing(
      chat: chat, sampling: sampling,
      slots: try budget.slots(
        of: chat.model, capacity: capacity, cache: settings.cache,
        wanted: settings.parallelSequences),
      capacity: capacity, cache: settings.cache, stops: settings.generation.stop)
  }

  private func origin(_ model: ChatModel) -> Origin {
    Origin(
      iteration: iteration, model: model.fingerprint, settings: settings.hash, seed: settings.seed)
  }
}

extension Origin {
  func with(_ parents: [String]) -> Origin {
    var origin = self
    origin.parents = parents
    return origin
  }
}

extension Seed {
  /// The turns up to the answer, for a chat template.
  var chat: [ChatMessage] {
    messages.map { ChatMessage(role: $0.role.rawValue, content: $0.content) }
  }
}

/// An answer, or why there is none.
private func answer(
  _ kind: Answer.Kind, to prompt: String, _ written: Writing.Written, origin: Origin,
  parents: [String]
) -> StageProduct<Answer> {
  guard !written.text.isEmpty else {
    return .aside(
      QuarantinedRecord(
        stage: kind.rawValue, reason: "empty_answer", text: prompt, origin: origin.with(parents)))
  }
  return .made(Answer(kind, prompt: prompt, answer: written.text, origin: origin.with(parents)))
}

/// A generator's output taken apart, or why it cannot be.
private func parse(
  _ written: Writing.Written, _ list: KeywordList, origin: Origin
) -> StageProduct<SyntheticPrompt> {
  let text = RecipeTemplates.questionOpening + written.text
  do throws(GeneratedPrompt.Problem) {
    let generated = try GeneratedPrompt(parsing: text)
    return .made(
      SyntheticPrompt(
        prompt: generated.question, keywords: list.keywords,
        solution: generated.solution.isEmpty ? nil : generated.solution,
        origin: origin.with([list.id])))
  } catch {
    return .aside(
      QuarantinedRecord(
        stage: "prompts", reason: error.rawValue, text: text,
        origin: origin.with([list.id])))
  }
}
