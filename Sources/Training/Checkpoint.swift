internal import Foundation
internal import ModelFile
internal import Tensor

/// The state of a training between two steps, in one file: parameters, both running means of the
/// optimiser, and the step, from which learning rate and place in the data follow.
///
/// Files are named `checkpoint-<step>.state`, written aside, checksummed and renamed. Of a damaged
/// one nothing is used: the one before it counts.
struct CheckpointFolder {
  let path: String
  /// Tells this training from any other: model, settings and data.
  let identity: String

  /// Checkpoints that are kept.
  private static let kept = 2

  /// Writes the state and removes older checkpoints but one.
  func save(_ trainer: Trainer) throws(TrainingError) -> String {
    let file = name(of: trainer.step)
    do {
      try FileManager.default.createDirectory(atPath: path, withIntermediateDirectories: true)
      try write(trainer, to: file)
    } catch {
      throw .checkpoint(path: file, reason: "cannot save: \(error)")
    }
    for old in steps.dropLast(Self.kept) {
      try? FileManager.default.removeItem(atPath: name(of: old))
    }
    return file
  }

  /// Brings `trainer` to the state of the newest checkpoint that is whole and belongs to it.
  ///
  /// - Returns: whether there was one.
  func restore(_ trainer: inout Trainer) -> Bool {
    for step in steps.reversed() {
      guard let file = try? PackedModelFile(path: name(of: step)), (try? file.verify()) != nil,
        file.metadata.string("training.identity") == identity,
        file.metadata.integer("training.step") == step
      else { continue }
      if trainer.take(from: file, step: step) { return true }
    }
    return false
  }

  /// Removes all checkpoints: the training has ended and its result is elsewhere.
  func clear() {
    for step in steps { try? FileManager.default.removeItem(atPath: name(of: step)) }
  }

  private func name(of step: Int) -> String { "\(path)/checkpoint-\(step).state" }

  /// The steps for which there are files, in order.
  private var steps: [Int] {
    let names = (try? FileManager.default.contentsOfDirectory(atPath: path)) ?? []
    return names.compactMap { name in
      guard name.hasPrefix("checkpoint-"), name.hasSuffix(".state") else { return nil }
      return Int(name.dropFirst("checkpoint-".count).dropLast(".state".count))
    }.sorted()
  }

  private func write(_ trainer: Trainer, to file: String) throws(ModelFileError) {
    var metadata = Metadata()
    metadata["training.identity"] = .string(identity)
    metadata["training.step"] = .u64(UInt64(trainer.step))
    let state = trainer.state
    var writer = try PackedModelWriter(
      path: file, metadata: metadata,
      tensors: state.map {
        PackedTensorShape(
          name: $0.name, rows: $0.matrix.rows, columns: $0.matrix.columns, encoding: .float32)
      })
    for part in state { try writer.append(floats: part.matrix.values) }
    try writer.commit()
  }
}

extension Trainer {
  /// Everything that changes from step to step, by name.
  fileprivate var state: [(name: String, matrix: Matrix)] {
    let parameters = optimiser.parameters
    return parameters
      + zip(parameters, optimiser.means).map { ("mean.\($0.name)", $1) }
      + zip(parameters, optimiser.squares).map { ("square.\($0.name)", $1) }
  }

  /// - Returns: false, with nothing changed, where a tensor is missing or of another shape.
  fileprivate mutating func take(from file: PackedModelFile, step: Int) -> Bool {
    let state = state
    let tensors = state.map { file.tensor($0.name) }
    let fits = zip(state, tensors).allSatisfy { part, tensor in
      tensor?.encoding == .float32 && tensor?.rows == part.matrix.rows
        && tensor?.columns == part.matrix.columns
    }
    guard fits else { return false }
    for (part, tensor) in zip(state, tensors) {
      guard let tensor else { return false }
      let stored = DenseMatrix(rows: tensor.rows, columns: tensor.columns, mapped: tensor.bytes)
      part.matrix.copyRows(0..<tensor.rows, of: stored.floats(rows: 0..<tensor.rows), to: 0)
    }
    optimiser.step = step
    return true
  }
}
