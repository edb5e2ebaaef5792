// SPDX-License-Identifier: Apache-2.0

/// The known word nearest to a wrong one, if one is near enough to be meant.
///
/// Limit: words of more than 64 characters are not compared.
func suggestion(for word: String, among known: [String]) -> String? {
    let plain = word.lowercased().replacing("_", with: "-")
    guard plain.count <= 64 else { return nil }
    var best: (word: String, distance: Int)?
    for candidate in known {
        let distance = editDistance(Array(plain), Array(candidate.lowercased()))
        if distance <= max(1, candidate.count / 3), distance < best?.distance ?? .max {
            best = (candidate, distance)
        }
    }
    return best.map { "did you mean \"\($0.word)\"?" }
}

/// How many letters must be added, dropped, changed or swapped with a neighbour.
///
/// Source: the restricted Damerau-Levenshtein distance.
private func editDistance(_ left: [Character], _ right: [Character]) -> Int {
    var beforeLast: [Int] = []
    var last = Array(0...right.count)
    for row in left.indices {
        var current = [row + 1]
        for column in right.indices {
            let same = left[row] == right[column]
            var cost = min(
                last[column + 1] + 1, current[column] + 1, last[column] + (same ? 0 : 1))
            if row > 0, column > 0, left[row] == right[column - 1],
                left[row - 1] == right[column]
            {
                cost = min(cost, beforeLast[column - 1] + 1)
            }
            current.append(cost)
        }
        beforeLast = last
        last = current
    }
    return last[right.count]
}
