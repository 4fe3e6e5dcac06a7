import ArgumentParser

/// Verbs for a single model.
struct ModelCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "model",
    abstract: "Brings models in and out, looks at them and lets them speak.",
    subcommands: [
      ModelImportCommand.self, ModelExportCommand.self, ModelMerge.self, ModelAdapter.self,
      ModelInfo.self, ModelGenerate.self, ModelPerplexity.self, ModelBench.self,
    ])
}
