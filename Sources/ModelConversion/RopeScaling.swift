import Foundation
import ModelFile
import Transformer

/// How a model that was made for longer texts than it was first trained on turns its heads.
enum RopeScaling: Equatable {
  case none
  /// Positions are divided by the number.
  case linear(Float)
  case llama3(Llama3Rope)
}

/// Llama 3.1's rule: long waves are stretched by `factor`, short ones stay as they are, and between
/// the two the stretching grows smoothly.
///
/// A wave of λ = 2π · base^(2i/d) positions is long above originalContext / lowFactor, and short
/// below originalContext / highFactor.
struct Llama3Rope: Equatable {
  var factor: Double
  var lowFactor: Double
  var highFactor: Double
  var originalContext: Int

  /// By what the frequency of each pair of a head is divided, [headSize / 2].
  func divisors(headSize: Int, base: Double) -> [Float] {
    (0..<headSize / 2).map { pair in
      let wave = 2 * Double.pi * pow(base, 2 * Double(pair) / Double(headSize))
      let turns = Double(originalContext) / wave
      if turns > highFactor { return 1 }
      if turns < lowFactor { return Float(factor) }
      let smooth = (turns - lowFactor) / (highFactor - lowFactor)
      return Float(1 / ((1 - smooth) / factor + smooth))
    }
  }
}

extension Llama3Rope {
  /// GGUF stores only the divisors; these keys, which are ours, keep what they came from.
  private enum Key {
    static let factor = "synpo.rope.llama3.factor"
    static let low = "synpo.rope.llama3.low_freq_factor"
    static let high = "synpo.rope.llama3.high_freq_factor"
    static let original = "synpo.rope.llama3.original_max_position_embeddings"
  }

  init?(metadata: Metadata) {
    guard let factor = metadata.number(Key.factor), let low = metadata.number(Key.low),
      let high = metadata.number(Key.high), let original = metadata.integer(Key.original)
    else { return nil }
    self.init(factor: factor, lowFactor: low, highFactor: high, originalContext: original)
  }

  var metadata: [(String, MetadataValue)] {
    [
      (Key.factor, .f32(Float(factor))), (Key.low, .f32(Float(lowFactor))),
      (Key.high, .f32(Float(highFactor))), (Key.original, .u32(UInt32(clamping: originalContext))),
    ]
  }
}

extension HuggingFaceSettings {
  /// The numbers of `rope_freqs.weight`; nil where the model has none.
  func ropeFactors(_ shape: ModelShape) throws(ModelConversionError) -> [Float]? {
    guard case .llama3(let rope) = try ropeScaling() else { return nil }
    return rope.divisors(headSize: shape.headSize, base: Double(shape.ropeBase))
  }

  /// Reads `rope_scaling`, or `rope_parameters` of newer files. Rules that are not known here are
  /// refused: text would come out wrong only beyond a certain length, where nobody looks.
  func ropeScaling() throws(ModelConversionError) -> RopeScaling {
    for key in ["rope_scaling", "rope_parameters"] {
      guard let settings = config[key] else { continue }
      let type = settings["rope_type"]?.string ?? settings["type"]?.string ?? "default"
      switch type {
      case "default": continue
      case "linear": return .linear(Float(try positive(settings, "factor", in: key)))
      case "llama3": return .llama3(try llama3(settings, in: key))
      default: throw .unsupported(path: path, what: "rope scaling of type '\(type)' (\(key))")
      }
    }
    return .none
  }

  private func llama3(
    _ settings: ConfigValue, in key: String
  ) throws(ModelConversionError) -> Llama3Rope {
    let original = "original_max_position_embeddings"
    guard let context = (settings[original] ?? config[original])?.integer, context > 0 else {
      throw .badSetting(path: path, key: "\(key).\(original)")
    }
    let rope = Llama3Rope(
      factor: try positive(settings, "factor", in: key),
      lowFactor: try positive(settings, "low_freq_factor", in: key),
      highFactor: try positive(settings, "high_freq_factor", in: key), originalContext: context)
    guard rope.lowFactor < rope.highFactor else {
      throw .badSetting(path: path, key: "\(key).high_freq_factor")
    }
    return rope
  }

  private func positive(
    _ settings: ConfigValue, _ name: String, in key: String
  ) throws(ModelConversionError) -> Double {
    guard let number = settings[name]?.number, number >= 1e-3, number <= 1e6 else {
      throw .badSetting(path: path, key: "\(key).\(name)")
    }
    return number
  }
}
