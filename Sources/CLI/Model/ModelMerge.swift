import ArgumentParser
import ModelConversion
import ModelFile
import SynPO
import Transformer

struct ModelMerge: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "merge",
    abstract: "Adds a LoRA adapter to a model's weights and writes a new packed model.")

  @Argument(
    help: "embedded, a packed model, a GGUF file or a Hugging Face folder.", completion: .file())
  var model: String

  @Argument(help: "The adapter: a PEFT folder, or a GGUF file.", completion: .file())
  var adapter: String

  @Argument(help: "The packed model to write.", completion: .file())
  var output: String

  @Option(help: "How weight matrices are stored: int8 or f32.")
  var encoding = WeightEncoding.int8

  func run() throws {
    try checkReadable(adapter)
    let base = try LanguageModel(file: PackedModels.open(model))
    let added = try AdapterConversion.read(from: adapter, shape: base.shape)
    let fingerprint = try base.write(to: output, merging: added, encoding: encoding)
    try Results.write(
      "\(output)\n"
        + columns([
          ("adapter", "rank \(added.rank), \(added.parts.count) matrices"),
          ("fingerprint", fingerprint),
        ]))
  }
}
