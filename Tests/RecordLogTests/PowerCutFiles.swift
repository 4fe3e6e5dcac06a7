import Bytes
import Foundation

@testable import RecordLog

/// The system's files, and beside them what a power cut would leave of them.
///
/// Names count from the last sync of the folder on, and of later ones only a beginning, in order;
/// bytes count from the last sync of the file on, and of later ones any block may be there, missing,
/// or garbage, whatever the size says. Used by one thread at a time.
final class PowerCutFiles: LogFiles, @unchecked Sendable {
  private struct Inode {
    var durable: [UInt8] = []
    var current: [UInt8] = []
  }

  private enum Naming {
    case add(String, UInt64)
    case rename(String, String)
    case remove(String)
  }

  /// Called after every call.
  var afterEach: () -> Void = {}
  private var inodes: [UInt64: Inode] = [:]
  private var names: [String: UInt64] = [:]
  private var unsynced: [Naming] = []
  private let system = SystemFiles()

  init() {}

  /// Begins with what a folder holds, all of it durable.
  init(holding folder: String) throws {
    for name in try FileManager.default.contentsOfDirectory(atPath: folder) {
      var status = stat()
      let path = folder + "/" + name
      guard stat(path, &status) == 0, status.st_mode & S_IFMT == S_IFREG else { continue }
      let bytes = try bytes(of: path)
      inodes[UInt64(status.st_ino)] = Inode(durable: bytes, current: bytes)
      names[name] = UInt64(status.st_ino)
    }
  }

  /// Whether a power cut could leave anything but what is there.
  var hasUnsynced: Bool {
    !unsynced.isEmpty || inodes.values.contains { $0.durable != $0.current }
  }

  private func number(_ descriptor: Int32) -> UInt64 {
    var status = stat()
    return fstat(descriptor, &status) == 0 ? UInt64(status.st_ino) : 0
  }

  private func name(_ path: String) -> String { (path as NSString).lastPathComponent }

  func open(_ path: String, flags: Int32) throws(FileError) -> OpenFile {
    let file = try system.open(path, flags: flags)
    let inode = number(file.descriptor)
    if flags & O_CREAT != 0 {
      inodes[inode] = Inode()
      unsynced.append(.add(name(path), inode))
    }
    afterEach()
    return file
  }

  func write(
    _ bytes: RawSpan, to file: borrowing OpenFile, at offset: UInt64
  ) throws(FileError) -> Int {
    let count = try system.write(bytes, to: file, at: offset)
    let place = Int(offset)
    let written = bytes.extracting(first: count).withUnsafeBytes { [UInt8]($0) }
    var inode = inodes[number(file.descriptor)] ?? Inode()
    let short = place + count - inode.current.count
    if short > 0 { inode.current += [UInt8](repeating: 0, count: short) }
    inode.current.replaceSubrange(place..<place + count, with: written)
    inodes[number(file.descriptor)] = inode
    afterEach()
    return count
  }

  func sync(_ file: borrowing OpenFile) throws(FileError) {
    let key = number(file.descriptor)
    if let inode = inodes[key] { inodes[key]?.durable = inode.current }
    afterEach()
  }

  func truncate(_ file: borrowing OpenFile, to byteCount: UInt64) throws(FileError) {
    try system.truncate(file, to: byteCount)
    let key = number(file.descriptor)
    if let count = inodes[key]?.current.count, count > byteCount {
      inodes[key]?.current.removeLast(count - Int(byteCount))
    }
    afterEach()
  }

  func byteCount(_ file: borrowing OpenFile) throws(FileError) -> Int { try system.byteCount(file) }

  func allocate(_ file: borrowing OpenFile, _ byteCount: UInt64) throws(FileError) {}

  func rename(_ path: String, to newPath: String, replacing: Bool) throws(FileError) {
    try system.rename(path, to: newPath, replacing: replacing)
    unsynced.append(.rename(name(path), name(newPath)))
    afterEach()
  }

  func remove(_ path: String) throws(FileError) {
    try system.remove(path)
    unsynced.append(.remove(name(path)))
    afterEach()
  }

  func makeFolder(_ path: String) throws(FileError) { try system.makeFolder(path) }

  func syncFolder(_ path: String) throws(FileError) {
    names = PowerCutFiles.apply(unsynced, to: names)
    unsynced = []
    afterEach()
  }

  func pause(_ duration: Duration) {}

  private static func apply(
    _ namings: some Sequence<Naming>, to names: [String: UInt64]
  ) -> [String: UInt64] {
    namings.reduce(into: names) { names, naming in
      switch naming {
      case .add(let name, let inode): names[name] = inode
      case .rename(let old, let new): names[new] = names.removeValue(forKey: old)
      case .remove(let name): names[name] = nil
      }
    }
  }

  /// Writes to `folder` one of the states that a power cut at this moment may leave.
  func cut(into folder: String, _ random: inout some RandomNumberGenerator) throws {
    let kept = unsynced.prefix(Int.random(in: 0...unsynced.count, using: &random))
    for (name, number) in PowerCutFiles.apply(kept, to: names) {
      guard let inode = inodes[number] else { continue }
      try Data(remains(of: inode, &random)).write(to: URL(filePath: folder + "/" + name))
    }
  }

  private func remains(
    of inode: Inode, _ random: inout some RandomNumberGenerator
  ) -> [UInt8] {
    let (old, new) = (inode.durable, inode.current)
    let low = min(old.count, new.count)
    let high = max(old.count, new.count)
    let size =
      [old.count, new.count, Int.random(in: low...high, using: &random)]
      .randomElement(using: &random) ?? low
    var bytes = [UInt8](repeating: 0, count: size)
    for start in stride(from: 0, to: size, by: 512) {
      let choice = Int.random(in: 0..<4, using: &random)
      for place in start..<min(start + 512, size) {
        let was = place < old.count ? old[place] : 0
        let isNew = place < new.count
        switch choice {
        case 0: bytes[place] = was
        case 1 where place >= old.count: bytes[place] = UInt8.random(in: 0...255, using: &random)
        default: bytes[place] = isNew ? new[place] : was
        }
      }
    }
    return bytes
  }
}
