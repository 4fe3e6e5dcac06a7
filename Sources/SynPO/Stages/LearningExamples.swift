internal import Corpus
internal import Training
internal import Transformer

/// What generator, improver and policy are trained on (paper sections 2.1 to 2.3).
struct LearningExamples {
  let settings: RunSettings
  let chat: ChatModel

  private var templates: RecipeTemplates { settings.recipeTemplates }

  /// Keywords of a seed's prompt, and a noise word from another's, to the prompt and its answer.
  /// Seeds whose prompt has too few keywords are left out.
  func generator(_ seeds: [Seed]) throws -> [TrainingExample] {
    let words = seeds.map { Keywords.extract(from: $0.prompt) }
    return try seeds.indices.compactMap { index in
      var random = CounterRandom(seed: settings.seed, stream: "generator/\(seeds[index].id)")
      guard
        var keywords = Keywords.choose(
          min(settings.keywords.trainingWords, words[index].count), from: words[index],
          using: &random), !keywords.isEmpty
      else { return nil }
      keywords += noise(words, except: index, using: &random)
      keywords.shuffle(using: &random)
      return TrainingExample(
        prompt: try chat.generatorPrompt(templates, keywords: keywords),
        completion: chat.answer(
          templates.generatorTarget(question: seeds[index].prompt, solution: seeds[index].answer)))
    }
  }

  /// Words of another seed's prompt.
  private func noise(
    _ words: [[String]], except index: Int, using random: inout CounterRandom
  ) -> [String] {
    guard words.count > 1 else { return [] }
    let other = (index + 1 + Int.random(in: 0..<words.count - 1, using: &random)) % words.count
    let count = min(settings.keywords.noiseWords, words[other].count)
    return Keywords.choose(count, from: words[other], using: &random) ?? []
  }

  /// A seed's prompt with the model's own answer, to the seed's answer, where that is the better by
  /// the threshold.
  func improver(
    _ seeds: [Seed], answers: [Answer], scorer: any AnswerScorer
  ) throws -> [TrainingExample] {
    let own = Dictionary(
      answers.compactMap { answer in answer.origin.parents.first.map { ($0, answer.answer) } },
      uniquingKeysWith: { first, _ in first })
    let answered = seeds.filter { own[$0.id] != nil }
    let scores = try scorer.scores(
      answered.map { ScoringItem(prompt: $0.prompt, answers: [$0.answer, own[$0.id] ?? ""]) })
    return try zip(answered, scores).compactMap { seed, scores in
      guard let draft = own[seed.id], scores[0] - scores[1] > scorer.threshold else { return nil }
      return TrainingExample(
        prompt: try chat.prompt(templates.improverPrompt(question: seed.prompt, answer: draft)),
        completion: chat.answer(seed.answer))
    }
  }

  /// Each item's first answer before every other.
  func reward(_ items: [ScoringItem]) throws -> [TrainingExample] {
    try items.flatMap { item in
      let prompt = try chat.prompt(item.prompt)
      let answers = item.answers.map(chat.answer)
      return answers.dropFirst().map {
        TrainingExample(prompt: prompt, chosen: answers[0], rejected: $0)
      }
    }
  }

  /// Each pair's chosen answer before its rejected one.
  func policy(_ pairs: [PreferencePair]) throws -> [TrainingExample] {
    try pairs.map { pair in
      TrainingExample(
        prompt: try chat.prompt(pair.prompt), chosen: chat.answer(pair.chosen),
        rejected: chat.answer(pair.rejected))
    }
  }
}
