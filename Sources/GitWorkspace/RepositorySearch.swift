// SPDX-License-Identifier: Apache-2.0
internal import ClusterModel

/// Finds the repositories of an installation by looking for `.git`.
///
/// Law: it never follows a symbolic link below the root, and never leaves the root. A folder whose
/// name cannot be shown as it is, is not entered.
struct RepositorySearch {
    /// A place where a repository is, or ought to be.
    enum Place: Hashable, Sendable {
        /// Git can be asked there; a warning belongs into the state.
        case repository(path: String, warning: String?)
        /// Git is not asked.
        case unusable(path: String, problem: String)

        var path: String {
            switch self {
            case .repository(let path, _), .unusable(let path, _): path
            }
        }
    }

    /// The most repositories that are looked at.
    static let maximumPlaces = 1_000

    /// The installation's root.
    let root: String

    /// All places: the root's repository, then the others by path.
    func places(_ patterns: [PathPattern]) -> [Place] {
        var found: [String: Place] = [:]
        for pattern in patterns where pattern.isContained {
            for place in places(pattern) where found[place.path] == nil {
                found[place.path] = place
            }
        }
        let others = found.values.sorted { $0.path < $1.path }
        let all = [place(at: ".", isNamed: false)].compactMap { $0 } + others
        guard all.count > Self.maximumPlaces else { return all }
        let problem = "\(all.count) repositories match; only \(Self.maximumPlaces) are shown"
        return all.prefix(Self.maximumPlaces) + [.unusable(path: "…", problem: problem)]
    }

    private func places(_ pattern: PathPattern) -> [Place] {
        var folders = ["."]
        var found: [Place] = []
        for (depth, part) in pattern.names.enumerated() {
            let isLast = depth == pattern.names.count - 1
            var next: [String] = []
            for folder in folders {
                guard PathPattern.isWild(part) else {
                    next.append(joined(folder, part))
                    continue
                }
                guard let names = DirectoryEntries.names(in: absolute(folder)) else {
                    found.append(.unusable(path: folder, problem: Self.hiddenProblem))
                    continue
                }
                for name in names {
                    switch name {
                    case .text(let text):
                        if PathPattern.matches(text, part) { next.append(joined(folder, text)) }
                    case .unusable(let bytes, let shown):
                        guard isLast, PathPattern.matches(shown, part) else { continue }
                        found += unusable(bytes, shown: shown, in: folder)
                    }
                }
            }
            folders = isLast ? next : next.filter { [.folder, .hidden].contains(kind($0)) }
        }
        return found + folders.compactMap { place(at: $0, isNamed: pattern.isPlain) }
    }

    /// What is at a path; `nil` where there is nothing to report.
    private func place(at path: String, isNamed: Bool) -> Place? {
        if path != ".", kind(path) != .folder {
            if kind(path) == .hidden {
                return .unusable(path: path, problem: Self.hiddenProblem)
            }
            guard isNamed, kind(path) != .nothing else { return nil }
            return .unusable(
                path: path, problem: "expected the folder of a repository, found \(kind(path))")
        }
        let inner = "\(path)/.git"
        switch kind(inner) {
        case .folder: return .repository(path: path, warning: nil)
        case .file, .link: return .repository(path: path, warning: warning(at: path))
        case .other: return .unusable(path: path, problem: "its .git is \(Entry.other)")
        case .hidden: return .unusable(path: path, problem: Self.hiddenProblem)
        case .nothing: break
        }
        if ["HEAD", "objects", "refs"].allSatisfy({ kind("\(path)/\($0)") != .nothing }) {
            return .unusable(
                path: path, problem: "a bare repository has no files to serve. Clone it.")
        }
        guard isNamed else { return nil }
        return .unusable(
            path: path, problem: "expected a repository, found a folder without .git. Clone it.")
    }

    /// What there is to say of a `.git` that is no folder: whose repository it really is.
    private func warning(at path: String) -> String? {
        let folder = absolute(path)
        guard let target = DirectoryEntries.target(ofGitAt: "\(folder)/.git", in: folder),
            let home = DirectoryEntries.resolved(root)
        else { return nil }
        guard target != home, !target.hasPrefix(home == "/" ? "/" : home + "/") else { return nil }
        return "its .git leads out of the installation, to \(PrintableText.make(target))"
    }

    private static let hiddenProblem =
        "the daemon's user may not look into it. Let that user read the folder."

    private func unusable(_ name: [UInt8], shown: String, in folder: String) -> [Place] {
        let inner = Array("\(absolute(folder))/".utf8) + name + Array("/.git".utf8)
        guard ![.nothing, .hidden].contains(Entry(at: inner)) else { return [] }
        let problem = "its name holds bytes that cannot be shown. Rename the folder."
        return [.unusable(path: joined(folder, shown), problem: problem)]
    }

    private func kind(_ path: String) -> Entry { Entry(at: Array(absolute(path).utf8)) }

    private func absolute(_ path: String) -> String { path == "." ? root : "\(root)/\(path)" }

    private func joined(_ folder: String, _ name: String) -> String {
        folder == "." ? name : "\(folder)/\(name)"
    }
}
