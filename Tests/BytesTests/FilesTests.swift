import Bytes
import Foundation
import TestSupport
import Testing

struct FilesTests {
  let folder: TemporaryFolder

  init() throws { folder = try TemporaryFolder() }

  @Test func `a replaced file has the new bytes and leaves no part behind`() throws {
    let path = folder.file("a")
    try FileReplacement.write([1, 2, 3], to: path)
    try FileReplacement.write([4, 5], to: path)
    let mapped = try MappedFile(path: path)
    #expect(unsafe mapped.withUnsafeBytes { unsafe [UInt8]($0) } == [4, 5])
    #expect(try FileManager.default.contentsOfDirectory(atPath: folder.path) == ["a"])
  }

  @Test func `a replacement that is given up leaves the old file`() throws {
    let path = folder.file("a")
    try FileReplacement.write([1], to: path)
    do {
      let replacement = try FileReplacement(path: path)
      try replacement.write([9, 9])
    }
    #expect(try FileManager.default.contentsOfDirectory(atPath: folder.path) == ["a"])
    #expect(try MappedFile(path: path).byteCount == 1)
  }

  @Test func `a missing file is named in the error`() {
    #expect(throws: FileError(.open, path: "/nowhere/at/all", code: 2)) {
      try MappedFile(path: "/nowhere/at/all")
    }
  }

  @Test func `an empty file maps to nothing`() throws {
    let path = folder.file("empty")
    try FileReplacement.write([], to: path)
    #expect(try MappedFile(path: path).byteCount == 0)
  }
}
