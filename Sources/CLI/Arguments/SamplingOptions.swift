import ArgumentParser
import Transformer

/// How the next token is chosen.
struct SamplingOptions: ParsableArguments {
  @Option(name: [.customShort("n"), .long], help: "The longest answer, in tokens.")
  var nPredict = 256

  @Option(name: [.customLong("temp"), .customLong("temperature")], help: "0 takes the likeliest.")
  var temperature: Float = 0.7

  @Option(help: "Only the k likeliest tokens; 0 for all.") var topK = 0
  @Option(help: "Only the likeliest tokens that hold this share together.") var topP: Float = 1
  @Option(help: "Only tokens this many times as likely as the likeliest.") var minP: Float = 0
  @Option(help: "Above 1 makes words that stand already less likely.")
  var repeatPenalty: Float = 1
  @Option(help: "Decides every random choice.") var seed: UInt64 = 42

  func validate() throws {
    let checks: [(Bool, String)] = [
      (nPredict > 0, "--n-predict must be at least 1"),
      (temperature >= 0, "--temp must not be negative"),
      (topK >= 0, "--top-k must not be negative"),
      (topP > 0 && topP <= 1, "--top-p must be above 0 and at most 1"),
      (minP >= 0 && minP <= 1, "--min-p must be from 0 to 1"),
      (repeatPenalty > 0, "--repeat-penalty must be above 0"),
    ]
    for (isGood, message) in checks where !isGood { throw ValidationError(message + ".") }
  }

  var settings: SamplingSettings {
    SamplingSettings(
      temperature: temperature, topK: topK, topP: topP, minP: minP,
      repetitionPenalty: repeatPenalty, maximumTokens: nPredict, seed: seed, stage: "generate")
  }
}
