import Foundation
import Testing

@testable import RecordLog

/// Memory that is used again does not show what it held before. This holds in debug builds, so that
/// every other test would notice who reads what was not written.
struct PoisonTests {
  @Test func `a store that is emptied or refilled holds poison`() {
    let store = ByteStore()
    let seven = [UInt8](repeating: 7, count: 300)
    seven.withUnsafeBytes { store.append($0) }
    store.removeAll()
    store.refill(300) { _ in }
    #expect(store.bytes.allSatisfy { $0 == Poison.byte })
    store.refill(300) { $0.copyBytes(from: seven) }
    store.refill(200) { _ in }
    #expect(store.bytes.count == 200)
    #expect(store.bytes.allSatisfy { $0 == Poison.byte })
  }

  @Test func `a buffer that is decoded into holds poison before`() {
    var buffer = [UInt8](repeating: 7, count: 300)
    buffer.resize(to: 100)
    #expect(buffer == [UInt8](repeating: Poison.byte, count: 100))
    buffer.resize(to: 400)
    #expect(buffer == [UInt8](repeating: Poison.byte, count: 400))
  }

  @Test func `what a file does not have is not read from before`() throws {
    let folder = try QuickFolder()
    try put([1, 2, 3], at: folder.file("short"))
    let input = try LogInput(path: folder.file("short"))
    // Shorter than it was when it was opened.
    #expect(truncate(folder.file("short"), 1) == 0)
    var buffer = [UInt8](repeating: 7, count: 3)
    #expect(try input.read(at: 0, count: 3, into: &buffer) == 1)
    #expect(buffer == [1, Poison.byte, Poison.byte])
  }
}
