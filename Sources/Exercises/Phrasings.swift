extension ExerciseKind {
  /// The sentences that ask for this kind, as templates.
  var phrasings: [Template] { Self.phrasings[self] ?? [] }

  private static let phrasings: [ExerciseKind: [Template]] = Dictionary(
    uniqueKeysWithValues: allCases.map { kind in
      (kind, kind.sentences.split(separator: "\n").map { Template(String($0)) })
    })

  /// One sentence a line. Two kinds never share a sentence; within a sentence the words around a
  /// slot are enough to see where it ends.
  private var sentences: String {
    switch self {
    case .sortWords:
      """
      Sort these words in alphabetical order: {words}
      Put the words {words} in alphabetical order.
      Please sort the following words from a to z: {words}
      Here are some words: {words}. Write them in alphabetical order.
      Arrange these words alphabetically: {words}
      In which order would a dictionary list the words {words}?
      Order the words {words} by the alphabet.
      List {words} in alphabetical order.
      Can you sort the words {words} for me?
      Write these words in dictionary order: {words}
      """
    case .oddOneOut:
      """
      Which word does not belong with the others: {words}?
      Pick the odd one out: {words}
      Find the odd one out among {words}.
      One of these words does not fit: {words}. Which one?
      Which of {words} is different from the rest?
      Three of these words belong together: {words}. Name the one that does not.
      Look at the words {words}. Which is the odd one out?
      Tell me which word is out of place: {words}
      Choose the word that does not fit in this group: {words}
      """
    case .category:
      """
      What kind of thing is described by the word {word}?
      To which group of things does the word {word} belong?
      Name the category of the word {word}.
      Which category fits the word {word}?
      Is the word {word} an animal, a food, a tool, a vehicle, a job, a building, a clothing or a body part?
      Tell me what sort of thing the word {word} names.
      Put the word {word} into its category.
      Into which category would you put the word {word}?
      Say in one or two words what type of thing {word} is.
      """
    case .plural:
      """
      What is the plural of {word}?
      Write the plural form of {word}.
      Give the plural of the noun {word}.
      Put the word {word} into the plural.
      One {word}, two what?
      How do you write more than one {word}?
      Turn the singular {word} into a plural.
      Which word means more than one {word}?
      If you see several of them, what do you call a {word}?
      Change the noun {word} from singular to plural.
      """
    case .opposite:
      """
      What is the opposite of {word}?
      Give the opposite of the word {word}.
      Which word means the opposite of {word}?
      Write a word that is the opposite of {word}.
      Name the opposite meaning of {word}.
      Tell me the word with the opposite meaning of {word}.
      Find the opposite of {word}.
      What word would you use for the contrary of {word}?
      What do you call something that is not {word} but the very opposite?
      """
    case .countWords:
      """
      How many words are in this sentence: {sentence}?
      Count the words in the sentence: {sentence}
      Count the words in "{sentence}".
      Here is a sentence: {sentence}. How many words does it have?
      How many words does the phrase "{sentence}" contain?
      Tell me the number of words in this phrase: {sentence}
      What is the number of words in "{sentence}"?
      Read this and count its words: {sentence}
      Of how many words does this sentence consist: {sentence}?
      """
    case .countLetter:
      """
      How many times does the letter {letter} appear in the word {word}?
      Count the letter {letter} in the word {word}.
      How often does {letter} occur in the word {word}?
      How many letters {letter} are in the word {word}?
      In the word {word}, how many times do you see the letter {letter}?
      Look at the word {word}. How often is the letter {letter} in it?
      Tell me how many times the letter {letter} is used in {word}.
      What is the count of the letter {letter} in {word}?
      How many times is the letter {letter} written when you spell {word}?
      """
    case .wordLength:
      """
      How many letters are in the word {word}?
      How many letters does the word {word} have?
      Count the letters of the word {word}.
      What is the length of the word {word} in letters?
      Tell me the number of letters in {word}.
      With how many letters do you spell {word}?
      How long is the word {word}, counted in letters?
      Of how many letters does the word {word} consist?
      Say how many letters you need to write {word}.
      """
    case .firstLetter:
      """
      What is the first letter of the word {word}?
      With which letter does the word {word} begin?
      Which letter does {word} start with?
      Write only the first letter of {word}.
      Give the initial letter of the word {word}.
      Tell me the letter at the start of the word {word}.
      Name the letter at the beginning of {word}.
      The word {word} begins with which letter?
      If you spell {word}, which letter comes first?
      """
    case .lastLetter:
      """
      What is the last letter of the word {word}?
      With which letter does the word {word} end?
      Which letter does {word} end with?
      Write only the last letter of {word}.
      Give the final letter of the word {word}.
      Tell me the letter at the end of the word {word}.
      Name the letter that closes the word {word}.
      The word {word} ends with which letter?
      If you spell {word}, which letter comes last?
      """
    case .reverseWord:
      """
      Write the word {word} backwards.
      Reverse the word {word}.
      Spell {word} backwards.
      What is the word {word} when read backwards?
      Turn the letters of the word {word} around.
      Write the letters of {word} in reverse order.
      What do you get if you reverse {word}?
      Read the word {word} from right to left. What does it say?
      How is {word} spelled in reverse?
      """
    case .upperCase:
      """
      Write the word {word} in capital letters.
      Write {word} in upper case.
      Change the word {word} to capital letters.
      How does the word {word} look in upper case?
      Turn {word} into capitals.
      Make all letters of the word {word} capital.
      Shout the word {word} by using only big letters.
      Put the word {word} in capital letters.
      Show me the word {word} with capital letters only.
      """
    case .nextNumber:
      """
      Continue the pattern: {numbers}
      Which number comes next: {numbers}?
      What is the next number in the pattern {numbers}?
      Write the number that follows in this series: {numbers}
      Find the next number: {numbers}
      Look at the numbers {numbers}. Which number comes next?
      The series begins with {numbers}. How does it go on?
      Continue this row of numbers by one: {numbers}
      The numbers {numbers} follow a rule. Give the next number.
      """
    case .sum:
      """
      What is {a} plus {b}?
      Add the numbers {a} and {b}.
      What is the sum of {a} and {b}?
      How much is {a} + {b}?
      Compute {a} plus {b}.
      A girl has {a} {things} and finds {b} more. How many {things} does she have now?
      There are {a} {things} in a box. Someone adds {b} more. How many are there now?
      If you add {b} to {a}, what number do you get?
      Find the total of {a} and {b}.
      One shelf holds {a} {things} and another holds {b}. How many {things} are there together?
      """
    case .difference:
      """
      What is {a} minus {b}?
      Subtract {b} from {a}.
      What is the difference when {b} is taken from {a}?
      How much is {a} - {b}?
      Compute {a} minus {b}.
      A boy has {a} {things} and gives away {b}. How many {things} are left?
      There are {a} {things} on a table. Someone takes {b} of them. How many remain?
      If you take {b} away from {a}, what number is left?
      A shop has {a} {things} and sells {b}. How many {things} does it still have?
      """
    case .largerNumber:
      """
      Which number is larger, {a} or {b}?
      Which is the bigger number: {a} or {b}?
      Name the greater of the numbers {a} and {b}.
      Compare {a} and {b}. Which number is larger?
      Write the larger one of the two numbers {a} and {b}.
      Of {a} and {b}, which is the higher number?
      Pick the biggest number: {a}, {b}
      Which number is more, {a} or {b}?
      Tell me which number is greater, {a} or {b}.
      """
    case .smallerNumber:
      """
      Which number is smaller, {a} or {b}?
      Which is the lower number: {a} or {b}?
      Name the lesser of the numbers {a} and {b}.
      Compare {a} and {b}. Which number is smaller?
      Write the smaller one of the two numbers {a} and {b}.
      Of {a} and {b}, which is the lower number?
      Pick the smallest number: {a}, {b}
      Which number is less, {a} or {b}?
      Tell me which number is lower, {a} or {b}.
      """
    case .letterAfter:
      """
      Which letter comes after {letter} in the alphabet?
      What is the next letter of the alphabet after {letter}?
      Name the letter that follows {letter} in the alphabet.
      In the alphabet, what letter stands right after {letter}?
      Say the alphabet. Which letter comes after {letter}?
      Write the letter that comes just after {letter}.
      After the letter {letter}, which letter is next?
      Give the alphabet letter that follows {letter}.
      """
    case .dayAfter:
      """
      Which day comes after {day}?
      What day of the week follows {day}?
      If today is {day}, what day is tomorrow?
      Today is {day}. Which day will it be tomorrow?
      Name the day of the week after {day}.
      What is the next day of the week after {day}?
      Yesterday was {day}. What day is it today?
      Tell me which weekday follows {day}.
      """
    case .monthAfter:
      """
      Which month comes after {month}?
      What month of the year follows {month}?
      If it is {month} now, which month is next?
      Name the month of the year after {month}.
      Last month was {month}. What month is it now?
      What is the next month of the calendar after {month}?
      This month is {month}. Which month will follow?
      Tell me the month that begins when {month} ends.
      """
    }
  }
}
