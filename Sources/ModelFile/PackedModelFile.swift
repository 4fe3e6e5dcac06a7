public import Bytes

/// A model in the form it runs from: mapped into memory, weights laid out for the kernels.
///
/// Opening reads and checks all but the weights, so its time does not depend on their size.
public final class PackedModelFile: Sendable {
  public let path: String
  public let metadata: Metadata
  /// In the order of the file.
  public let tensors: [PackedTensor]
  /// 16 hexadecimal digits over everything in the file: models with the same fingerprint are one.
  public let fingerprint: String

  private let mapped: MappedFile
  private let places: [String: Int]

  public convenience init(path: String) throws(ModelFileError) {
    try self.init(files { () throws(FileError) in try MappedFile(path: path) })
  }

  public init(_ file: MappedFile) throws(ModelFileError) {
    var directory = PackedDirectory(file: file)
    try directory.read()
    path = file.path
    mapped = file
    metadata = directory.metadata
    tensors = directory.tensors
    places = directory.places
    fingerprint = Checksum.hexadecimal(directory.fingerprint)
  }

  /// Whether the file at `path` begins like a packed model.
  public static func isPacked(path: String) -> Bool {
    guard let file = try? OpenFile(path: path) else { return false }
    return (try? file.read(upTo: PackedLayout.magic.count)) == PackedLayout.magic
  }

  public func tensor(_ name: String) -> PackedTensor? { places[name].map { tensors[$0] } }

  /// Reads the whole file and compares it with its fingerprint.
  public func verify() throws(ModelFileError) {
    let file = mapped
    file.expectAccess(sequential: true)
    var checksum = Checksum()
    checksum.add(file.bytes.extracting(droppingLast: PackedLayout.trailerBytes))
    guard Checksum.hexadecimal(checksum.value) == fingerprint else {
      throw .damaged(file: path, part: "content")
    }
  }
}
