import Exercises
import Foundation
import ModelFile
import SynPO
import Tensor
import Tokenization
import Training
import Transformer

// Makes the small model that ships inside synpo, from nothing but the exercises.
//
//     make-embedded-model OUTPUT [STEPS]

let arguments = CommandLine.arguments
guard arguments.count >= 2, let steps = Int(arguments.count > 2 ? arguments[2] : "7000") else {
  print("usage: make-embedded-model OUTPUT [STEPS]")
  exit(2)
}
try Upbringing(steps: steps).run(output: arguments[1])
