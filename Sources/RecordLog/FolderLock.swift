import Bytes
import Foundation

/// The lock of a folder: one writer at a time, in this process or any other on this machine.
///
/// Not for network file systems, whose locks do not keep other machines out.
struct FolderLock: ~Copyable {
  private let file: OpenFile

  init(_ folder: String) throws(RecordLogError) { file = try FolderLock.take(folder) }

  private static func take(_ folder: String) throws(RecordLogError) -> OpenFile {
    let path = folder + "/LOCK"
    let holder: [UInt8]
    do throws(FileError) {
      let file = try OpenFile(path: path, flags: O_RDWR | O_CREAT)
      if flock(file.descriptor, LOCK_EX | LOCK_NB) == 0 {
        try sign(file)
        return file
      }
      guard errno == EWOULDBLOCK else { throw FileError(.lock, path: path) }
      holder = try file.read(upTo: 4096)
    } catch {
      throw RecordLogError(.file(error), path: folder)
    }
    let lines = String(decoding: holder, as: UTF8.self).split(separator: "\n")
    throw RecordLogError(.inUse(by: lines.joined(separator: ", ")), path: folder)
  }

  /// Says who holds it. For people only; the lock itself is the system's.
  private static func sign(_ file: borrowing OpenFile) throws(FileError) {
    guard ftruncate(file.descriptor, 0) == 0 else { throw FileError(.truncate, path: file.path) }
    let boot = try? String(contentsOfFile: "/proc/sys/kernel/random/boot_id", encoding: .utf8)
    let text = """
      pid \(getpid())
      host \(ProcessInfo.processInfo.hostName)
      boot \((boot ?? "unknown").trimmingCharacters(in: .whitespacesAndNewlines))

      """
    let bytes = [UInt8](text.utf8)
    try file.write(bytes.rawSpan)
  }

  deinit { flock(file.descriptor, LOCK_UN) }
}
