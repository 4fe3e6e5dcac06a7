import ArgumentParser
import ModelConversion
import SynPO
import Transformer

struct ModelAdapter: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "adapter",
    abstract: "Writes a LoRA adapter in the form of another program.",
    discussion: """
      A training leaves a folder as PEFT has it. Where OUTPUT ends in .gguf, a file is written that \
      llama.cpp takes with --lora; else a folder for PEFT. Both are read wherever synpo takes an \
      adapter, and give the same logits.
      """)

  @Argument(
    help: "The adapter's model: embedded, packed, a GGUF file or a Hugging Face folder.",
    completion: .file())
  var model: String

  @Argument(help: "The adapter: a PEFT folder, or a GGUF file.", completion: .file())
  var adapter: String

  @Argument(help: "The GGUF file, or the folder, to write.", completion: .file())
  var output: String

  func run() throws {
    try checkReadable(adapter)
    let base = try LanguageModel(file: PackedModels.open(model))
    let read = try AdapterConversion.read(from: adapter, shape: base.shape)
    if output.hasSuffix(".gguf") {
      try AdapterConversion.gguf(read, shape: base.shape, to: output)
    } else {
      try AdapterFile.write(read, to: output, baseModel: model)
    }
    try Results.write(
      "\(output)\n"
        + columns([
          ("rank", "\(read.rank)"), ("scale", "\(read.scale)"),
          ("matrices", "\(read.parts.count)"),
        ]))
  }
}
