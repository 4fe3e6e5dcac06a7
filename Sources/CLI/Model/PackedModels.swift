import Bytes
import Foundation
import ModelConversion
import ModelFile
import SynPO

/// Finds the packed form of whichever kind of model a person names.
enum PackedModels {
  /// Opens a packed model. A GGUF file or a folder is imported first, once: the packed form stays
  /// beside it, or in `models/` where that cannot be written, and serves until the source changes.
  static func open(_ path: String) throws -> PackedModelFile {
    let file = try find(path)
    warnOfSlowness(of: file)
    return file
  }

  /// Weights that do not fit into memory are read from disk again for every token.
  private static func warnOfSlowness(of file: PackedModelFile) {
    let weights = ByteCount(file.tensors.reduce(0) { $0 + $1.bytes.count })
    guard let limit = MemoryLimit.smallest(), weights.bytes > limit.amount.bytes else { return }
    Console.standard.note(
      "warning: the weights take \(weights), but \(limit.reason) allows \(limit.amount); they are "
        + "read from disk again for every step, and everything is slow")
  }

  /// The same without a word about models that do not fit into memory.
  static func find(_ path: String) throws -> PackedModelFile {
    if path == "embedded" { return try .embedded() }
    try checkReadable(path)
    guard !PackedModelFile.isPacked(path: path) else { return try PackedModelFile(path: path) }
    let packed = packedPath(for: path)
    if isNewer(packed, than: path), let file = try? PackedModelFile(path: packed) { return file }
    Console.standard.note("importing \(path) once, to \(packed)")
    try makeFolder(of: packed)
    try ModelImport.run(from: path, to: packed) { Console.standard.show($0, title: "import") }
    Console.standard.clear()
    return try PackedModelFile(path: packed)
  }

  /// Where the packed form of a model is kept.
  static func packedPath(for path: String) -> String {
    let url = URL(filePath: path).standardizedFileURL
    let name = url.lastPathComponent + ".synpo"
    let folder = url.deletingLastPathComponent()
    guard FileManager.default.isWritableFile(atPath: folder.path) else { return "models/\(name)" }
    return folder.appending(path: name).path
  }

  private static func makeFolder(of path: String) throws {
    try FileManager.default.createDirectory(
      at: URL(filePath: path).deletingLastPathComponent(), withIntermediateDirectories: true)
  }

  private static func isNewer(_ packed: String, than source: String) -> Bool {
    guard let made = changed(packed) else { return false }
    let files = (try? FileManager.default.contentsOfDirectory(atPath: source)) ?? []
    return ([source] + files.map { "\(source)/\($0)" }).allSatisfy { file in
      changed(file).map { $0 <= made } ?? false
    }
  }

  private static func changed(_ path: String) -> Date? {
    (try? FileManager.default.attributesOfItem(atPath: path))?[.modificationDate] as? Date
  }
}
