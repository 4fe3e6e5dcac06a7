internal import Bytes
internal import CEmbedded
internal import Foundation
internal import ModelConversion
internal import ModelFile
internal import Transformer

/// Opens the initial model and what has been trained from it.
struct ModelStore: Sendable {
  let settings: RunSettings
  let folder: RunFolder
  /// The initial model, θ₀.
  let initial: ChatModel

  /// Opens the model that the settings name; one that is not packed is packed into the run's folder
  /// first, once.
  init(settings: RunSettings, folder: RunFolder) throws {
    self.settings = settings
    self.folder = folder
    let template = TemplateChoice(setting: settings.chatTemplate)
    initial = try ChatModel(file: try Self.file(settings, folder), template: template)
  }

  private static func file(_ settings: RunSettings, _ folder: RunFolder) throws -> PackedModelFile {
    if settings.model == "embedded" { return try PackedModelFile(embeddedModel) }
    if PackedModelFile.isPacked(path: settings.model) {
      return try PackedModelFile(path: settings.model)
    }
    let packed = folder.file("model.packed")
    if !folder.exists("model.packed") {
      try ModelImport.run(from: settings.model, to: packed)
    }
    return try PackedModelFile(path: packed)
  }

  /// What was trained into `folder`: an adapter over the initial model, or a whole model.
  func trained(in folder: RunFolder) throws -> ChatModel {
    var chat = initial
    if AdapterFile.exists(in: folder.path) {
      if folder.exists(Self.mergedBase) {
        let base = try PackedModelFile(path: folder.file(Self.mergedBase))
        chat.model = try LanguageModel(file: base, workers: initial.model.workers)
      }
      chat.adapter = try AdapterFile.read(folder: folder.path, shape: initial.model.shape)
      chat.fingerprint = try Self.fingerprint(of: folder, over: initial)
      return chat
    }
    let file = try PackedModelFile(path: folder.file(Self.wholeModel))
    chat.model = try LanguageModel(file: file, workers: initial.model.workers)
    chat.fingerprint = file.fingerprint
    return chat
  }

  /// Whether a training into `folder` has ended.
  func isTrained(_ folder: RunFolder) -> Bool {
    AdapterFile.exists(in: folder.path) || folder.exists(Self.wholeModel)
  }

  static let wholeModel = "model.packed"
  /// What an adapter lies over that is not for the initial model: an earlier one merged into it.
  static let mergedBase = "base.packed"

  /// The initial model's fingerprint and a hash of the adapter's weights in `folder`.
  static func fingerprint(of folder: RunFolder, over initial: ChatModel) throws -> String {
    let data = try Data(
      contentsOf: URL(filePath: folder.file("adapter_model.safetensors")), options: .alwaysMapped)
    var random = CounterRandom(seed: UInt64(data.count), stream: data.map { UInt64($0) })
    return "\(initial.fingerprint)+\(String(random.next(), radix: 16))"
  }
}

/// The model that is linked into the program.
var embeddedModel: MappedFile {
  let start = unsafe synpo_embedded_model_bytes()
  let bytes = unsafe UnsafeRawBufferPointer(start: start, count: synpo_embedded_model_size)
  return unsafe MappedFile(permanent: bytes, name: "embedded model")
}
