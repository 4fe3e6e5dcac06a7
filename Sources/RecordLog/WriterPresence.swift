import Bytes
import Glibc

extension LogFollower {
  /// Whether somebody has the log open for writing, so that a silent writer is told from one that is
  /// gone; nil where the system does not tell.
  ///
  /// Asked of the system's list of locks. To try the lock would keep out a writer that is just
  /// starting. Costs a read of `/proc/locks`.
  public var hasWriter: Bool? {
    let locked = SegmentList.isFolder(path) ? path + "/LOCK" : path
    var status = stat()
    guard unsafe stat(locked, &status) == 0, let locks = try? Self.locks() else { return nil }
    return locks.split(separator: "\n").contains { Self.isWriter($0, inode: status.st_ino) }
  }

  /// A line such as `1: FLOCK  ADVISORY  WRITE 15968 fe:00:16223072 0 EOF`. The device is not compared:
  /// some file systems give files another one than their locks.
  private static func isWriter(_ line: Substring, inode: ino_t) -> Bool {
    let fields = line.split(separator: " ")
    guard fields.count >= 6, fields[1] == "FLOCK", fields[3] == "WRITE" else { return false }
    return fields[5].split(separator: ":").last.flatMap { ino_t($0) } == inode
  }

  private static func locks() throws(FileError) -> String {
    let file = try OpenFile(path: "/proc/locks")
    var all: [UInt8] = []
    while true {
      let piece = try file.read(upTo: 64 << 10)
      if piece.isEmpty { return String(decoding: all, as: UTF8.self) }
      all += piece
    }
  }
}
