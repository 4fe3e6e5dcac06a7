import Bytes
import Foundation

/// Throws the system's reason where nothing can be read at `path`, before a reader of some format
/// finds fault with a file that is not there.
func checkReadable(_ path: String) throws(FileError) {
  _ = try OpenFile(path: path)
}

func isFolder(_ path: String) -> Bool {
  let values = try? URL(filePath: path).resourceValues(forKeys: [.isDirectoryKey])
  return values?.isDirectory == true
}
