public import ModelFile

extension PackedModelFile {
  /// The model that is linked into the program.
  public static func embedded() throws(ModelFileError) -> PackedModelFile {
    try PackedModelFile(embeddedModel)
  }
}
