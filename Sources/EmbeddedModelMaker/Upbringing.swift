import Exercises
import Foundation
import ModelFile
import SynPO
import Tensor
import Tokenization
import Training
import Transformer

/// The embedded model from its vocabulary to its last step.
struct Upbringing {
  let steps: Int
  private let seed: UInt64 = 20_241_006
  private let lessonsPerStep = 64
  private let vocabularySize = 1024

  func run(output: String) throws {
    let definition = makeDefinition()
    let tokenizer = try Tokenizer(definition)
    let shape = ModelShape(
      architecture: .llama, layers: 4, width: 192, feedForward: 512, heads: 6, keyValueHeads: 3,
      headSize: 32, vocabulary: definition.tokens.count, context: 512, normEpsilon: 1e-5,
      ropeBase: 10_000)
    let model = LanguageModel(
      shape: shape, weights: ModelWeights(initial: shape, seed: seed),
      metadata: metadata(shape, definition), fingerprint: "fresh")
    let trained = try train(model, tokenizer)
    let fingerprint = try trained.write(to: output, encoding: .int8)
    let size = try FileManager.default.attributesOfItem(atPath: output)[.size] ?? 0
    print("wrote \(output): \(size) bytes, fingerprint \(fingerprint)")
  }

  /// A vocabulary from a sample of what will be read, with the signs of a conversation in front.
  private func makeDefinition() -> TokenizerDefinition {
    var learner = VocabularyLearner()
    var lessons = Lessons(seed: seed, stream: "vocabulary")
    for _ in 0..<20_000 {
      let lesson = lessons.next()
      learner.add(lesson.prompt)
      learner.add(lesson.answer)
    }
    let signs = ["<|pad|>", "<|user|>", "<|assistant|>", "<|system|>", "<|end|>"]
    let letters = (0...255).map { String(ByteAlphabet.character(for: UInt8($0))) }
    let merges = learner.merges(count: vocabularySize - signs.count - letters.count)
    var definition = TokenizerDefinition(
      kind: .byteLevelBPE(.smollm), tokens: signs + letters + merges.map { $0.0 + $0.1 },
      types: signs.map { _ in .control }
        + Array(repeating: .normal, count: letters.count + merges.count))
    definition.merges = merges.map { "\($0.0) \($0.1)" }
    definition.eosID = 4
    definition.eotID = 4
    definition.paddingID = 0
    definition.chatTemplate = """
      {% for message in messages %}<|{{ message['role'] }}|>{{ message['content'] }}<|end|>\
      {% endfor %}{% if add_generation_prompt %}<|assistant|>{% endif %}
      """
    return definition
  }

  private func metadata(_ shape: ModelShape, _ definition: TokenizerDefinition) -> Metadata {
    var metadata = definition.metadata
    for (key, value) in shape.metadata { metadata[key] = value }
    metadata["general.name"] = .string("synpo-embedded")
    return metadata
  }

  private func train(_ model: LanguageModel, _ tokenizer: Tokenizer) throws -> LanguageModel {
    var settings = TrainingSettings(objective: .imitation, part: .everything)
    settings.learningRate = 2e-3
    settings.warmupRatio = 0.03
    settings.batchSize = lessonsPerStep
    settings.weightDecay = 0.05
    settings.adamBeta2 = 0.98
    settings.rowsPerPass = 4096
    settings.keeping = .everything
    var trainer = Trainer(base: model, settings: settings, examples: steps * lessonsPerStep)
    var lessons = Lessons(seed: seed, stream: "lessons")
    let template = try ChatTemplate(source: tokenizer.definition.chatTemplate ?? "")
    let start = Date()
    var loss = 0.0
    while trainer.step < steps {
      let batch = try (0..<lessonsPerStep).map { _ in
        try example(lessons.next(), tokenizer, template)
      }
      let report = try trainer.learn(batch)
      loss = loss == 0 ? report.loss : 0.98 * loss + 0.02 * report.loss
      if report.step.isMultiple(of: 50) {
        let seconds = Int(Date().timeIntervalSince(start))
        let line = "step \(report.step)/\(steps)  loss \(loss)  \(seconds) s\n"
        FileHandle.standardError.write(Data(line.utf8))
      }
    }
    return trainer.model
  }

  private func example(
    _ lesson: Lesson, _ tokenizer: Tokenizer, _ template: ChatTemplate
  ) throws -> TrainingExample {
    let text = try template.render(
      messages: [ChatMessage(role: "user", content: lesson.prompt)], addGenerationPrompt: true)
    return TrainingExample(
      prompt: tokenizer.encode(text),
      completion: tokenizer.encode(lesson.answer, parseSpecial: false) + [4])
  }
}
