import ArgumentParser
import ModelConversion
import ModelFile
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
    abstract: "Writes a packed model for other programs, tokenizer and chat template included.",
    discussion: """
      --format gguf makes one file, which llama.cpp reads. --format safetensors makes a folder, \
      which transformers reads: config.json, tokenizer.json, model.safetensors. Types are q8_0, f16 \
      and f32 for the former, f16, bf16 and f32 for the latter.
      """)

  @Argument(help: "A packed model, as `synpo model import` writes it.", completion: .file())
  var model: String

  @Argument(help: "The GGUF file, or the folder, to write.", completion: .file())
  var output: String

  @Option(help: "gguf or safetensors.") var format = ExportFormat.gguf

  @Option(help: "How weights are stored; q8_0 if not given, and f16 with safetensors.")
  var type: String?

  @Flag(help: "The report as one JSON object.") var json = false

  func validate() throws {
    let types = format == .gguf ? Self.gguf : Self.safetensors
    if let type, !types.contains(type) {
      throw ValidationError("--type \(type) is none of \(types.joined(separator: ", ")).")
    }
  }

  private static let gguf = ModelExport.GGUFType.allCases.map(\.rawValue)
  private static let safetensors = FloatType.allCases.map(\.rawValue)

  func run() throws {
    try checkReadable(model)
    let report = try export { Console.standard.show($0, title: "export") }
    Console.standard.clear()
    try tell(ConversionFacts(report, output: output), json: json)
  }

  private func export(
    progress: (ConversionProgress) -> Void
  ) throws -> ConversionReport {
    switch format {
    case .gguf:
      try ModelExport.gguf(
        from: model, to: output, type: type.flatMap { .init(rawValue: $0) } ?? .q8_0,
        progress: progress)
    case .safetensors:
      try ModelExport.safetensors(
        from: model, to: output, type: type.flatMap { .init(rawValue: $0) } ?? .f16,
        progress: progress)
    }
  }
}

/// What other programs read.
enum ExportFormat: String, CaseIterable, ExpressibleByArgument {
  case gguf, safetensors
}

extension Console {
  func show(_ progress: ConversionProgress, title: String) {
    show(
      Progress(title: title, unit: "tensors", done: progress.done, total: progress.total))
  }
}
