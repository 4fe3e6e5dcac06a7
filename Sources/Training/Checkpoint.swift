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

  /// Writes the state and removes older checkpoints but one and the best.
  func save(_ trainer: Trainer, watch: CollapseWatch) throws(TrainingError) -> String {
    let file = name(of: trainer.step)
    do {
      try FileManager.default.createDirectory(atPath: path, withIntermediateDirectories: true)
      try write(trainer, watch, to: file)
    } catch {
      throw .checkpoint(path: file, reason: "cannot save: \(error)")
    }
    for old in steps.dropLast(Self.kept) where old != watch.bestStep {
      try? FileManager.default.removeItem(atPath: name(of: old))
    }
    return file
  }

  /// Brings `trainer` to the state of the newest checkpoint that is whole and belongs to it.
  ///
  /// - Returns: what was seen up to there; nil where there is no such checkpoint.
  func restore(_ trainer: inout Trainer) -> CollapseWatch? {
    for step in steps.reversed() {
      if let watch = take(step, into: &trainer) { return watch }
    }
    return nil
  }

  /// Brings `trainer` to the checkpoint of `step`, if that is whole and belongs to it.
  func take(_ step: Int, into trainer: inout Trainer) -> CollapseWatch? {
    guard let file = try? PackedModelFile(path: name(of: step)), (try? file.verify()) != nil,
      file.metadata.string("training.identity") == identity,
      file.metadata.integer("training.step") == step,
      let seen = file.metadata.string("training.watch"),
      let watch = try? JSONDecoder().decode(CollapseWatch.self, from: Data(seen.utf8)),
      trainer.take(from: file, step: step)
    else { return nil }
    return watch
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

  private func write(
    _ trainer: Trainer, _ watch: CollapseWatch, to file: String
  ) throws {
    var metadata = Metadata()
    metadata["training.identity"] = .string(identity)
    metadata["training.step"] = .u64(UInt64(trainer.step))
    metadata["training.watch"] = .string(
      String(decoding: try JSONEncoder().encode(watch), as: UTF8.self))
    let state = trainer.optimiser.state
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
  /// - Returns: false, with nothing changed, where a tensor is missing or of another shape.
  fileprivate mutating func take(from file: PackedModelFile, step: Int) -> Bool {
    var found: [Matrix] = []
    for part in optimiser.state {
      guard let tensor = file.tensor(part.name), tensor.encoding == .float32,
        tensor.rows == part.matrix.rows, tensor.columns == part.matrix.columns
      else { return false }
      let stored = DenseMatrix(rows: tensor.rows, columns: tensor.columns, mapped: tensor.bytes)
      found.append(stored.floats(rows: 0..<tensor.rows))
    }
    optimiser.take(found)
    optimiser.step = step
    return true
  }
}
