import CChecksum
import Testing

@testable import RecordLog

struct ChecksumTests {
  @Test func `the published check value comes out, plain and masked`() {
    let sum = Checksum([UInt8]("123456789".utf8).rawSpan)
    #expect(sum.plain == 0xE306_9283)
    #expect(sum.masked == 0xC78A_B0E5)
    #expect(Checksum().masked == 0xA282_EAD8)
  }

  @Test func `every path gives the portable answer for every length and alignment`() {
    let bytes = (0..<20_000).map { UInt8(truncatingIfNeeded: $0 &* 2_654_435_761 >> 7) }
    let lengths = Array(0...4096) + stride(from: 4097, through: 19_900, by: 331)
    let paths = (1..<CCK_CRC32C_PATHS).compactMap { cck_crc32c_paths($0) } + [cck_crc32c]
    bytes.withUnsafeBytes { all in
      for length in lengths {
        for start in [0, 1, 3, 8, length % 64] {
          let from = all.baseAddress! + start
          let portable = cck_crc32c_portable(99, from, length)
          for (number, path) in paths.enumerated() where path(99, from, length) != portable {
            Issue.record("path \(number), length \(length) from \(start)")
          }
        }
      }
    }
  }

  @Test func `a checksum can be taken piece by piece`() {
    let bytes = [UInt8](repeating: 7, count: 9000)
    var pieces = Checksum()
    pieces.add(bytes.rawSpan.extracting(first: 6500))
    pieces.add(bytes.rawSpan.extracting(droppingFirst: 6500))
    #expect(pieces == Checksum(bytes.rawSpan))
  }
}
