import Foundation
import TestSupport
import Testing

@testable import RecordLog

/// An error says where to look: file, byte, chunk and record.
struct ErrorPlaceTests {
  @Test(arguments: [30, 128, -20])
  func `an error names the file, and the chunk that is damaged`(place: Int) throws {
    let folder = try TemporaryFolder()
    let path = folder.file("log")
    try write(lines(120), to: path, options: repeatable(chunk: 400))
    let reader = try RecordLogReader(path: path)
    var headers: [ChunkHeader] = []
    while let header = try reader.nextHeader() { headers.append(header) }
    let chunk = headers[3]
    let from = place < 0 ? chunk.offset + chunk.length : chunk.offset
    var damaged = try bytes(of: path)
    damaged[Int(from) + place] ^= 4
    try put(damaged, at: path)
    let error = try #require(read(path).error)
    #expect(error.path == path)
    #expect(error.offset == chunk.offset)
    #expect(error.chunk == chunk.chunkIndex)
    #expect(error.sequence == chunk.firstSequence)
    let text = "\(path), byte \(chunk.offset), chunk 3, record \(chunk.firstSequence): "
    #expect("\(error)".hasPrefix(text))
  }
}
