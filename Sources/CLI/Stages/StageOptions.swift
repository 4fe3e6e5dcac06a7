import ArgumentParser
import Foundation
import ModelFile
import SynPO

/// What all verbs for single stages share.
struct StageOptions: ParsableArguments {
  @Option(help: "Settings in YAML; see `synpo init`.", completion: .file(extensions: ["yaml"]))
  var config: String?

  @OptionGroup var options: SettingsOptions

  @Option(help: "The iteration that the stage belongs to, from 1.") var iteration = 1
  @Flag(name: .shortAndLong, help: "Tell errors only.") var quiet = false

  func validate() throws {
    guard iteration >= 0 else { throw ValidationError("--iteration must not be negative.") }
  }

  /// The settings in force; says so where the model has to be packed first.
  func settings(further: [String] = []) throws -> RunSettings {
    if quiet { Console.standard.becomeQuiet() }
    let settings = try options.settings(config: config, further: further)
    guard settings.model != "embedded" else { return settings }
    try checkReadable(settings.model)
    let packed = RunFolder(settings.outputDir).file("model.packed")
    if !PackedModelFile.isPacked(path: settings.model), !PackedModelFile.isPacked(path: packed) {
      Console.standard.note("importing \(settings.model) once, to \(packed)")
    }
    return settings
  }
}

/// Where a stage's records go.
struct LogOutput: ParsableArguments {
  @Option(
    name: .shortAndLong,
    help: """
      The log to write; - is standard output. One that is there is gone on with, or left alone if \
      it is complete.
      """, completion: .file())
  var output = "-"

  func validate() throws {
    if output == "-", isatty(STDOUT_FILENO) == 1 {
      throw ValidationError("A log is not for a terminal: give --output or a pipe.")
    }
  }
}

/// Where a source puts barriers.
struct BarrierOptions: ParsableArguments {
  @Option(
    help: """
      Put a barrier behind every so many records: stages that read the log make all before it durable \
      at the same place, and pass it on.
      """)
  var barrierEvery: Int?

  func validate() throws {
    guard barrierEvery ?? 1 > 0 else {
      throw ValidationError("--barrier-every must be at least 1.")
    }
  }
}

/// Shows how far a stage is.
let showStage: @Sendable (String, UInt64) -> Void = { stage, done in
  Console.standard.show(Progress(title: stage, done: Int(done)))
}

/// Tells what a stage made and put aside.
func tellEnd(of summary: StageSummary) {
  let yield = summary.asideTotal > 0 ? ", yield \(percent(summary.yield))" : ""
  Console.standard.note("\(summary.stage): \(summary)\(yield), \(decimal(summary.seconds)) s")
}
