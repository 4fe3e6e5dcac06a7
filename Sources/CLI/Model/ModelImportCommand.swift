import ArgumentParser
import ModelConversion
import Transformer

struct ModelImportCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "import",
    abstract: "Packs a GGUF file or a Hugging Face folder into the form that runs.")

  @Argument(help: "A GGUF file, or a folder with config.json.", completion: .file())
  var source: String

  @Argument(help: "The packed model to write.", completion: .file())
  var output: String

  @Option(help: "How weight matrices are stored: int8 or f32.")
  var encoding = WeightEncoding.int8

  @Flag(help: "The report as one JSON object.") var json = false

  func run() throws {
    try checkReadable(source)
    let report = try ModelImport.run(from: source, to: output, encoding: encoding) {
      Console.standard.show($0, title: "import")
    }
    Console.standard.clear()
    try tell(ConversionFacts(report, output: output), json: json)
  }
}

struct ModelExportCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "export",
    abstract: "Writes a packed model as a GGUF file, tokenizer and chat template included.")

  @Argument(help: "A packed model, as `synpo model import` writes it.", completion: .file())
  var model: String

  @Argument(help: "The GGUF file to write.", completion: .file())
  var output: String

  @Option(help: "How weight matrices are stored: q8_0 or f32.")
  var type = ModelExport.GGUFType.q8_0

  @Flag(help: "The report as one JSON object.") var json = false

  func run() throws {
    let report = try ModelExport.gguf(from: model, to: output, type: type) {
      Console.standard.show($0, title: "export")
    }
    Console.standard.clear()
    try tell(ConversionFacts(report, output: output), json: json)
  }
}

extension Console {
  func show(_ progress: ConversionProgress, title: String) {
    show(
      Progress(title: title, unit: "tensors", done: progress.done, total: progress.total))
  }
}
