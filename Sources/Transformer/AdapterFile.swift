internal import Bytes
internal import Foundation
internal import ModelFile
internal import Tensor

/// A LoRA adapter as PEFT stores it: a folder with `adapter_model.safetensors` and
/// `adapter_config.json`. With a score head it is one of PEFT's task `SEQ_CLS`.
public enum AdapterFile {
  static let weights = "adapter_model.safetensors"
  static let configuration = "adapter_config.json"

  /// Whether `folder` holds a complete adapter. The configuration is written last.
  public static func exists(in folder: String) -> Bool {
    FileManager.default.fileExists(atPath: "\(folder)/\(configuration)")
  }

  /// Reads an adapter for a model of `shape`.
  ///
  /// - Throws: where tensors do not fit the model, and for every setting that would change what the
  ///   adapter computes and is not supported.
  public static func read(
    folder: String, shape: ModelShape
  ) throws(TransformerError) -> Adapter {
    let settings = try Settings.read("\(folder)/\(configuration)")
    if settings.hasScoreHead {
      throw .unsupported(
        path: folder, what: "an adapter with a score head, which scores answers and writes none")
    }
    return try adapter(settings, try opened("\(folder)/\(weights)"), shape, others: 0)
  }

  /// Reads an adapter that was trained together with a score head; nil where there is no head.
  public static func readReward(
    folder: String, shape: ModelShape
  ) throws(TransformerError) -> (adapter: Adapter, head: ScoreHead)? {
    let settings = try Settings.read("\(folder)/\(configuration)")
    guard settings.hasScoreHead else { return nil }
    let file = try opened("\(folder)/\(weights)")
    let head = try matrix(scoreName, 1, shape.width, file)
    return (try adapter(settings, file, shape, others: 1), ScoreHead(head))
  }

  /// PEFT's name for the weights of a head that is saved as a whole.
  private static let scoreName = "base_model.model.\(ScoreHead.name)"

  /// - Parameter others: tensors of the file that belong to no linear layer.
  private static func adapter(
    _ settings: Settings, _ file: SafetensorsFile, _ shape: ModelShape, others: Int
  ) throws(TransformerError) -> Adapter {
    var parts: [LinearID: LowRank] = [:]
    var used = 0
    for layer in 0..<shape.layers {
      for name in LinearName.allCases {
        let id = LinearID(layer: layer, name: name)
        guard file.tensor(id.peftName("A")) != nil else { continue }
        let size = name.size(in: shape)
        parts[id] = LowRank(
          a: try matrix(id.peftName("A"), settings.r, size.columns, file),
          b: try matrix(id.peftName("B"), size.rows, settings.r, file))
        used += 2
      }
    }
    guard used + others == file.tensors.count, used > 0 else {
      let unfit = file.tensors.count - used - others
      throw .unsupported(path: file.path, what: "\(unfit) tensors that fit no linear layer")
    }
    return Adapter(
      parts: parts, rank: settings.r, alpha: settings.loraAlpha,
      isRankStabilised: settings.useRslora ?? false)
  }

  /// Writes an adapter; the folder is made. Both files replace older ones as a whole.
  public static func write(
    _ adapter: Adapter, head: ScoreHead? = nil, to folder: String, baseModel: String
  ) throws(TransformerError) {
    do {
      try FileManager.default.createDirectory(
        atPath: folder, withIntermediateDirectories: true)
      try writeWeights(adapter, head, to: "\(folder)/\(weights)")
      let settings = Settings(adapter, hasScoreHead: head != nil, baseModel: baseModel)
      let encoder = JSONEncoder()
      encoder.keyEncodingStrategy = .convertToSnakeCase
      encoder.outputFormatting = [.prettyPrinted, .sortedKeys, .withoutEscapingSlashes]
      let json = [UInt8](try encoder.encode(settings))
      try FileReplacement.write(json, to: "\(folder)/\(configuration)")
    } catch {
      throw .unreadable(path: folder, reason: "cannot write the adapter: \(error)")
    }
  }

  private static func writeWeights(
    _ adapter: Adapter, _ head: ScoreHead?, to path: String
  ) throws(ModelFileError) {
    let parts = adapter.parts.sorted { $0.key.path < $1.key.path }
    var matrices = parts.flatMap { id, part in
      [(id.peftName("A"), part.a), (id.peftName("B"), part.b)]
    }
    if let head { matrices.append((scoreName, head.weights)) }
    var writer = try SafetensorsWriter(
      path: path, tensors: matrices.map { (name: $0.0, shape: [$0.1.rows, $0.1.columns]) })
    for (_, matrix) in matrices { try writer.append(matrix.values) }
    try writer.commit()
  }

  private static func opened(_ path: String) throws(TransformerError) -> SafetensorsFile {
    do throws(ModelFileError) { return try SafetensorsFile(path: path) } catch {
      throw .unreadable(path: path, reason: "\(error)")
    }
  }

  private static func matrix(
    _ name: String, _ rows: Int, _ columns: Int, _ file: SafetensorsFile
  ) throws(TransformerError) -> Matrix {
    guard let tensor = file.tensor(name) else { throw .missingTensor(path: file.path, name: name) }
    guard tensor.shape == [rows, columns] else {
      throw .wrongShape(
        path: file.path, name: name, found: tensor.shape, expected: [rows, columns])
    }
    do throws(ModelFileError) {
      let values = try file.floats(of: tensor, rows: 0..<rows)
      return Matrix(rows: rows, columns: columns, values: values)
    } catch {
      throw .unreadable(path: file.path, reason: "\(error)")
    }
  }
}

extension LinearID {
  /// The name of the matrix A or B in PEFT's files.
  func peftName(_ side: String) -> String {
    "base_model.model.model.layers.\(layer).\(name.modulePath).lora_\(side).weight"
  }
}

/// The keys of `adapter_config.json` that matter here.
private struct Settings: Codable {
  var peftType: String
  var taskType: String?
  var baseModelNameOrPath: String?
  var r: Int
  var loraAlpha: Float
  var loraDropout: Float?
  var targetModules: [String]?
  var bias: String?
  var useRslora: Bool?
  var useDora: Bool?
  var fanInFanOut: Bool?
  var inferenceMode: Bool?
  var modulesToSave: [String]?
  var rankPattern: [String: Int]?
  var alphaPattern: [String: Float]?

  /// What PEFT saves as a whole beside a classifier's adapter.
  private static let scoreModules = ["score"]

  /// A task of one label: the head is the only thing beside the adapter.
  var hasScoreHead: Bool { modulesToSave == Self.scoreModules }

  init(_ adapter: Adapter, hasScoreHead: Bool, baseModel: String) {
    peftType = "LORA"
    taskType = hasScoreHead ? "SEQ_CLS" : "CAUSAL_LM"
    modulesToSave = hasScoreHead ? Self.scoreModules : nil
    baseModelNameOrPath = baseModel
    r = adapter.rank
    loraAlpha = adapter.alpha
    loraDropout = 0
    targetModules = Set(adapter.parts.keys.map(\.name.moduleName)).sorted()
    bias = "none"
    useRslora = adapter.isRankStabilised
    useDora = false
    fanInFanOut = false
    inferenceMode = true
  }

  static func read(_ path: String) throws(TransformerError) -> Settings {
    let settings: Settings
    do {
      let data = try Data(contentsOf: URL(filePath: path))
      let decoder = JSONDecoder()
      decoder.keyDecodingStrategy = .convertFromSnakeCase
      settings = try decoder.decode(Settings.self, from: data)
    } catch {
      throw .unreadable(path: path, reason: "no adapter configuration: \(error)")
    }
    for (isSet, what) in settings.unsupported where isSet {
      throw .unsupported(path: path, what: what)
    }
    return settings
  }

  private var unsupported: [(Bool, String)] {
    [
      (peftType != "LORA", "an adapter of type \(peftType)"),
      (!(1...4096).contains(r), "a rank of \(r)"),
      (useDora ?? false, "use_dora"),
      (fanInFanOut ?? false, "fan_in_fan_out"),
      (bias ?? "none" != "none", "a trained bias"),
      (!(modulesToSave ?? []).isEmpty && !hasScoreHead, "modules_to_save"),
      (!(rankPattern ?? [:]).isEmpty, "rank_pattern"),
      (!(alphaPattern ?? [:]).isEmpty, "alpha_pattern"),
    ]
  }
}
