import Foundation
import TestSupport
import Testing

/// Other forms in and out, against gzip, zstd and a reader of TFRecords in Python.
struct RLogFormTests {
  let folder: TemporaryFolder
  static let lines = (0..<2000).map { #"{"id":\#($0),"text":"\#(String($0 * 7919, radix: 2))"}"# }
  static let text = lines.joined(separator: "\n") + "\n"

  init() throws {
    folder = try TemporaryFolder()
    try Self.text.write(toFile: folder.file("in.jsonl"), atomically: false, encoding: .utf8)
    try run("rlog import -o a.rlg in.jsonl")
  }

  @discardableResult
  func run(_ line: String, code: Int32 = 0) throws -> RLogTool.Outcome {
    let outcome = try RLogTool.run(line, in: folder)
    #expect(outcome.code == code, "\(line): \(outcome.complaint)")
    return outcome
  }

  @Test(arguments: [("gz", "gzip -dc"), ("zst", "zstd -dqc")])
  func `compressed lines go out and come in`(ending: String, unpack: String) throws {
    try run("rlog export -o out.jsonl.\(ending) a.rlg")
    #expect(try run("\(unpack) out.jsonl.\(ending)").output == Self.text)
    try run("rlog import -o b.rlg out.jsonl.\(ending)")
    #expect(try run("rlog cat b.rlg").output == Self.text)
    try run("head -c 5000 out.jsonl.\(ending) > cut.jsonl.\(ending)")
    try run("rlog import -o c.rlg cut.jsonl.\(ending)", code: 5)
    #expect(
      try run("rlog import -o d.rlg none.jsonl.\(ending)", code: 5).complaint.contains("none"))
  }

  /// The format's own definition, with a CRC computed bit by bit.
  static let python = """
    import struct, sys
    table = []
    for n in range(256):
        for _ in range(8): n = n >> 1 ^ (0x82F63B78 if n & 1 else 0)
        table.append(n)
    def masked(data):
        crc = 0xFFFFFFFF
        for byte in data: crc = crc >> 8 ^ table[(crc ^ byte) & 255]
        crc ^= 0xFFFFFFFF
        return ((crc >> 15 | crc << 17) + 0xA282EAD8) & 0xFFFFFFFF
    if sys.argv[1] == "read":
        data = open(sys.argv[2], "rb").read(); at = 0
        while at < len(data):
            n, c = struct.unpack_from("<QI", data, at)
            assert masked(data[at:at + 8]) == c
            body = data[at + 12:at + 12 + n]
            assert struct.unpack_from("<I", data, at + 12 + n)[0] == masked(body)
            sys.stdout.buffer.write(body + b"\\n"); at += n + 16
    else:
        out = open(sys.argv[2], "wb")
        for line in open("in.jsonl", "rb"):
            body = line[:-1]; head = struct.pack("<Q", len(body))
            out.write(head + struct.pack("<I", masked(head)) + body + struct.pack("<I", masked(body)))
    """

  @Test func `TFRecords go out and come in, their checksums are looked at`() throws {
    try Self.python.write(toFile: folder.file("tf.py"), atomically: false, encoding: .utf8)
    try run("rlog export --as tfrecord -o out.tfrecord a.rlg")
    #expect(try run("python3 tf.py read out.tfrecord").output == Self.text)
    try run("python3 tf.py write made.tfrecord && cmp made.tfrecord out.tfrecord")
    try run(
      "rlog import -o b.rlg made.tfrecord && rlog verify --deep b.rlg && rlog diff a.rlg b.rlg")
    try run("rlog import --binary -o c.rlg made.tfrecord")
    try run("rlog export --as tfrecord c.rlg | cmp - made.tfrecord")
    #expect(try run("rlog head -n 1 c.rlg").output.hasPrefix(#"{"$b64":""#))
    for (offset, words) in [(0, "TFRecord 0"), (14, "TFRecord 0"), (60_000, "TFRecord")] {
      try run(
        "cp made.tfrecord bad.tfrecord; printf '\\377' | dd of=bad.tfrecord bs=1 seek=\(offset) conv=notrunc"
      )
      let outcome = try run("rm -f x.rlg; rlog import -o x.rlg bad.tfrecord", code: 2)
      #expect(outcome.complaint.contains(words) && outcome.complaint.contains("checksum"))
    }
    try run("head -c 30000 made.tfrecord > cut.tfrecord")
    #expect(try run("rlog import -o y.rlg cut.tfrecord", code: 2).complaint.contains("cut short"))
  }
}
