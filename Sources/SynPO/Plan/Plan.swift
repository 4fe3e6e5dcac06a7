/// What a run will take: time, memory and disk, part by part.
public struct Plan: Codable, Equatable, Sendable {
  /// Something that a run does; names are those of its report.
  public struct Part: Codable, Equatable, Sendable {
    public var name: String
    /// 0 before the first iteration.
    public var iteration: Int
    /// Records that go in; examples, where the part is a training.
    public var items: Int
    public var seconds: Double
    /// The process's own memory while the part runs; mapped weights are not in it.
    public var ownBytes = 0
    /// What it leaves behind.
    public var diskBytes = 0
    /// Checkpoints, which are gone at its end.
    public var passingBytes = 0
  }

  /// In the order in which they run.
  public var parts: [Part]
  /// The model's file, whose pages the kernel can drop at any time.
  public var mappedBytes: Int
  /// The most that keys and values of texts under way can take; a share of `ownBytes`.
  public var cacheBytes: Int
  /// What was taken for granted.
  public var assumptions: [String]

  public var seconds: Double { parts.reduce(0) { $0 + $1.seconds } }
  public var ownBytes: Int { parts.map(\.ownBytes).max() ?? 0 }
  public var diskBytes: Int { parts.reduce(0) { $0 + $1.diskBytes } }

  /// The most that lies on the disk at once.
  public var highestDiskBytes: Int {
    var (left, highest) = (0, 0)
    for part in parts {
      highest = max(highest, left + part.diskBytes + part.passingBytes)
      left += part.diskBytes
    }
    return highest
  }

  public func seconds(ofIteration iteration: Int) -> Double {
    parts.reduce(0) { $0 + ($1.iteration == iteration ? $1.seconds : 0) }
  }
}

extension RunReport {
  /// What a part of this run took; nil where it did not run.
  public func seconds(_ name: String, iteration: Int) -> Double? {
    if iteration == 0 { return beforeSeconds?[name] }
    return iterations.first { $0.iteration == iteration }?.seconds[name]
  }
}
