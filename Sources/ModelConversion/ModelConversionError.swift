public import ModelFile
public import Tokenization
public import Transformer

/// Why a model could not be imported or exported. Every case says which file and what to do.
public enum ModelConversionError: Error, Equatable, Sendable {
  /// A file could not be read or written.
  case file(ModelFileError)
  /// The model's numbers make no model that runs here.
  case model(TransformerError)
  /// The tokenizer does not work here.
  case tokenizer(file: String, TokenizerError)
  /// Neither a GGUF file nor a model folder.
  case unknownKind(path: String)
  case unknownArchitecture(path: String, name: String, supported: [String])
  /// A setting that must be there is missing or is no such number.
  case badSetting(path: String, key: String)
  case unsupported(path: String, what: String)
  case missingTensor(path: String, name: String)
  /// A tensor that the formulas of the architecture have no place for.
  case unexpectedTensor(path: String, name: String)
  case wrongShape(path: String, name: String, found: [Int], expected: [Int])
  /// Infinity or not a number among the weights.
  case notFinite(path: String, tensor: String, row: Int)
  /// A weight that would become infinity.
  case tooLargeForType(path: String, tensor: String, type: FloatType)
  case cannotMakeFolder(path: String)
}

extension ModelConversionError: CustomStringConvertible {
  public var description: String {
    switch self {
    case .file(let error): "\(error)"
    case .model(let error): "\(error)"
    case .tokenizer(let file, let error): "\(file): \(error)"
    case .unknownKind(let path):
      "\(path) is neither a GGUF file nor a folder with a config.json"
    case .unknownArchitecture(let path, let name, let supported):
      "\(path): the architecture is '\(name)'; supported are \(supported.joined(separator: ", "))"
    case .badSetting(let path, let key):
      "\(path): '\(key)' is missing or out of range; take config.json from the model's source"
    case .unsupported(let path, let what): "\(path): \(what) is not supported"
    case .missingTensor(let path, let name):
      "\(path) has no tensor \(name); fetch the model again"
    case .unexpectedTensor(let path, let name):
      "\(path): there is no place for the tensor \(name), so the model would not be the same"
    case .wrongShape(let path, let name, let found, let expected):
      "\(path): \(name) has the shape \(found), the model's settings ask for \(expected)"
    case .notFinite(let path, let tensor, let row):
      "\(path): row \(row) of \(tensor) holds infinity or not a number; fetch the model again"
    case .tooLargeForType(let path, let tensor, let type):
      "\(path): \(tensor) holds numbers beyond \(type.largest), \(type.rawValue)'s largest; "
        + "export it as f32"
    case .cannotMakeFolder(let path):
      "the folder \(path) cannot be made; is there a file of that name, or no right to write?"
    }
  }
}

/// Runs `body` and wraps what goes wrong with a file.
func files<R: ~Copyable>(
  _ body: () throws(ModelFileError) -> R
) throws(ModelConversionError) -> R {
  do throws(ModelFileError) { return try body() } catch { throw .file(error) }
}

/// Runs `body` and wraps what goes wrong with a model's numbers.
func model<R>(
  _ body: () throws(TransformerError) -> R
) throws(ModelConversionError) -> R {
  do throws(TransformerError) { return try body() } catch { throw .model(error) }
}
