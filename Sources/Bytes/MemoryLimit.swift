/// How much memory this process may fill, mapped pages included.
public struct MemoryLimit: Equatable, Sendable {
  public var amount: ByteCount
  /// Who sets it, in words.
  public var reason: String

  /// The least of what the machine has and of what the control groups of this process allow; nil
  /// where the system tells neither.
  public static func smallest() -> MemoryLimit? {
    let machine = ResidentMemory.machine().map { MemoryLimit(amount: $0, reason: "the machine") }
    let groups = text(of: "/proc/self/cgroup").map { limits(ofGroups: $0, reading: text) } ?? []
    return ([machine].compactMap { $0 } + groups).min { $0.amount.bytes < $1.amount.bytes }
  }

  /// The limits that control groups set, of version 2 (`memory.max`) and of version 1.
  ///
  /// - Parameters:
  ///   - groups: lines `number:controllers:path`, as in `/proc/self/cgroup`.
  ///   - read: gives the content of a file, nil where there is none.
  static func limits(
    ofGroups groups: String, reading read: (String) -> String?
  ) -> [MemoryLimit] {
    groups.split(separator: "\n").flatMap { line -> [MemoryLimit] in
      let fields = line.split(separator: ":", maxSplits: 2, omittingEmptySubsequences: false)
      guard fields.count == 3 else { return [] }
      let isOld = fields[1].split(separator: ",").contains("memory")
      guard isOld || fields[1].isEmpty else { return [] }
      let root = "/sys/fs/cgroup" + (isOld ? "/memory" : "")
      let name = isOld ? "memory.limit_in_bytes" : "memory.max"
      return folders(of: fields[2]).compactMap { folder in
        let file = root + folder + "/" + name
        let number = read(file).flatMap { Int($0.filter { !$0.isWhitespace }) }
        return number.map { MemoryLimit(amount: ByteCount($0), reason: file) }
      }
    }
  }

  /// A group and those that it lies in: `/a/b` gives `/a/b`, `/a` and the root, which is empty.
  private static func folders(of path: Substring) -> [String] {
    let parts = path.split(separator: "/")
    return (0...parts.count).reversed().map { count in
      parts.prefix(count).map { "/" + $0 }.joined()
    }
  }

  private static func text(of path: String) -> String? {
    guard let file = try? OpenFile(path: path), let bytes = try? file.read(upTo: 16 << 10) else {
      return nil
    }
    return String(decoding: bytes, as: UTF8.self)
  }
}
