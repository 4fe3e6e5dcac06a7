import Bytes
import Foundation

/// The system's program for files that end in `.gz` or `.zst`.
enum Compression: String {
  case gz = "gzip"
  case zst = "zstd"

  init?(path: String) {
    if path.hasSuffix(".gz") {
      self = .gz
    } else if path.hasSuffix(".zst") {
      self = .zst
    } else {
      return nil
    }
  }

  fileprivate func process(_ arguments: [String]) -> Process {
    let process = Process()
    process.executableURL = URL(filePath: "/usr/bin/env")
    process.arguments = [rawValue, "-q"] + arguments
    return process
  }
}

/// The content of a compressed file, as it comes out of the system's program.
final class Decompressor {
  private let process: Process
  private let path: String

  /// - Parameter file: gets what the program writes.
  init(_ path: String, _ compression: Compression, output: inout OpenFile?) throws(FileError) {
    self.path = path
    process = compression.process(["-d", "-c"])
    let input = try OpenFile(path: path)
    let pipe = Pipe()
    process.standardInput = FileHandle(fileDescriptor: input.descriptor, closeOnDealloc: false)
    process.standardOutput = pipe
    do { try process.run() } catch { throw FileError(.open, path: path, code: ENOEXEC) }
    output = OpenFile(owning: dup(pipe.fileHandleForReading.fileDescriptor), path: path)
  }

  /// At the end of the output: throws where the program did not come through.
  func finish() throws(FileError) {
    process.waitUntilExit()
    guard process.terminationStatus == 0 else { throw FileError(.read, path: path, code: EIO) }
  }
}

/// A compressed file in the making. It gets its name in ``finish()``.
final class Compressor {
  private let process: Process
  private let pipe = Pipe()
  private let path: String
  private let part: String
  private var isFinished = false

  init(_ path: String, _ compression: Compression) throws(FileError) {
    self.path = path
    part = path + ".part"
    process = compression.process(["-c"])
    let file = try OpenFile(path: part, flags: O_WRONLY | O_CREAT | O_TRUNC)
    process.standardInput = pipe
    process.standardOutput = FileHandle(fileDescriptor: file.descriptor, closeOnDealloc: false)
    do { try process.run() } catch { throw FileError(.open, path: path, code: ENOEXEC) }
  }

  func write(_ bytes: [UInt8]) throws(FileError) {
    let handle = pipe.fileHandleForWriting
    do { try handle.write(contentsOf: Data(bytes)) } catch { throw FileError(.write, path: path) }
  }

  func finish() throws(FileError) {
    try? pipe.fileHandleForWriting.close()
    process.waitUntilExit()
    guard process.terminationStatus == 0 else { throw FileError(.write, path: path, code: EIO) }
    try OpenFile(path: part).sync()
    guard unsafe rename(part, path) == 0 else { throw FileError(.rename, path: path) }
    isFinished = true
    try syncFolder(of: path)
  }

  deinit {
    guard !isFinished else { return }
    try? pipe.fileHandleForWriting.close()
    unsafe unlink(part)
  }
}
