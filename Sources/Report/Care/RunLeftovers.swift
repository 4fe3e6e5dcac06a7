public import Bytes
internal import Foundation
internal import SynPO

/// Files of a run that it can do without.
public struct RunLeftovers: Sendable {
  public struct Item: Codable, Equatable, Sendable {
    public enum Kind: String, Codable, Sendable {
      /// Parts of files that were never finished, states of trainings that have ended.
      case leftover
      /// Scores, which are made again by the next report.
      case cache
      /// Models of an ended run that nothing goes on from: a run that is started once more, which
      /// otherwise only tells its numbers again, would train them anew.
      case model
    }

    public var path: String
    public var kind: Kind
    public var bytes: Int
    public var why: String
  }

  public let items: [Item]

  public var size: ByteCount { ByteCount(items.reduce(0) { $0 + $1.bytes }) }

  /// - Parameter withModels: whether models count that can be trained again.
  public init(of files: RunFiles, withModels: Bool) {
    let folder = files.logs.folder
    let names =
      FileManager.default.enumerator(atPath: folder.path)?
      .compactMap { $0 as? String }.sorted() ?? []
    var items = names.compactMap { Self.leftover($0, in: folder) }
    if withModels, let report = files.report {
      items += Self.models(names, of: report, in: folder)
    }
    self.items = items
  }

  /// Removes them; folders stay.
  public func delete() throws(ReportError) {
    for item in items {
      do { try FileManager.default.removeItem(atPath: item.path) } catch {
        throw .file(FileError(.remove, path: item.path, code: EIO))
      }
    }
  }

  private static func leftover(_ name: String, in folder: RunFolder) -> Item? {
    let path = folder.file(name)
    let last = (name as NSString).lastPathComponent
    if last.hasSuffix(".part") || last.hasSuffix(".rlg.new") {
      return item(path, .leftover, "was never finished")
    }
    let place = RunFolder((path as NSString).deletingLastPathComponent)
    let isTrained = place.exists("adapter_model.safetensors") || place.exists("model.packed")
    if last.hasPrefix("checkpoint-"), last.hasSuffix(".state"), isTrained {
      return item(path, .leftover, "the training has ended")
    }
    if name.hasPrefix("scores-"), name.hasSuffix(".json") {
      return item(path, .cache, "the next report scores again")
    }
    return nil
  }

  /// Improvers have done their work; of policies the best and the last are kept.
  private static func models(_ names: [String], of report: RunReport, in folder: RunFolder)
    -> [Item]
  {
    let last = report.iterations.last?.iteration ?? 0
    return names.compactMap { name in
      let parts = name.split(separator: "/")
      guard parts.count == 3, let number = Int(parts[0].dropFirst("iteration-".count)),
        parts[0].hasPrefix("iteration-"),
        ["model.packed", "base.packed", "adapter_model.safetensors"].contains(String(parts[2]))
      else { return nil }
      let isSpent = parts[1] == "improver" || number != last && number != report.best
      return isSpent
        ? item(folder.file(name), .model, "\(parts[1]) of iteration \(number), which has ended")
        : nil
    }
  }

  private static func item(_ path: String, _ kind: Item.Kind, _ why: String) -> Item {
    let size = try? FileManager.default.attributesOfItem(atPath: path)[.size] as? Int
    return Item(path: path, kind: kind, bytes: size ?? 0, why: why)
  }
}
