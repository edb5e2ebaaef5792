// SPDX-License-Identifier: Apache-2.0
import Glibc
import NodeConfiguration
import Testing

@Suite("The file and the state that are in force are found")
struct LocatorTests {
    private let temporary: TemporaryFolder

    init() throws {
        temporary = try TemporaryFolder()
    }

    private func locator(_ directory: String, override: String? = nil) -> ConfigurationLocator {
        var locator = ConfigurationLocator(
            workingDirectory: directory, home: "\(temporary.path)/home", stateOverride: override)
        locator.systemState = "\(temporary.path)/system"
        return locator
    }

    @Test("The nearest parent wins, and what was passed is told")
    func nearestParent() throws {
        let inner = try temporary.folder("inner")
        let deep = try temporary.folder("inner/deep")
        let outerFile = try temporary.make("sitestacker.yml", "")
        let found = try locator(deep).configuration()
        #expect(found.path == outerFile)
        #expect(found.passed == ["\(deep)/sitestacker.yml", "\(inner)/sitestacker.yml"])
        #expect(found.reason.contains("nearest parent"))
        let innerFile = try temporary.make("inner/sitestacker.yml", "")
        #expect(try locator(deep).configuration().path == innerFile)
        let own = try locator(inner).configuration()
        #expect(own.path == innerFile && own.reason == "in the working directory")
    }

    @Test("--site names the folder, and no parent is tried")
    func site() throws {
        _ = try temporary.folder("inner")
        let file = try temporary.make("sitestacker.yml", "")
        let locator = locator("\(temporary.path)/inner")
        #expect(try locator.configuration(site: "..").path == file)
        #expect(try locator.configuration(site: temporary.path + "/").path == file)
        let error = #expect(throws: ConfigurationError.self) {
            try locator.configuration(site: ".")
        }
        #expect(error?.code == .missing)
    }

    @Test("Whichever link leads to it, an installation has one path; links below it stay links")
    func links() throws {
        let root = try temporary.folder("root")
        let link = "\(temporary.path)/link"
        #expect(symlink("root", link) == 0)
        let release = try temporary.folder("root/release-1")
        #expect(symlink("release-1", "\(root)/current") == 0)
        _ = try temporary.make("root/release-1/shared.yml", "")
        #expect(symlink("current/shared.yml", "\(root)/sitestacker.yml") == 0)
        let file = "\(root)/sitestacker.yml"
        for folder in [root, link, "\(link)/.", "\(link)/current/.."] {
            #expect(try locator("/").configuration(site: folder).path == file)
            #expect(try locator(folder).configuration().path == file)
            #expect(locator("/").newSite(folder) == root)
            #expect(locator(folder).newSite() == root)
        }
        #expect(try locator("\(link)/current").configuration().path == file)
        #expect(locator("\(link)/absent").newSite() == "\(link)/absent")
        #expect(locator("\(link)/current").newSite() == release)
    }

    @Test("Nothing found is an error")
    func nothing() {
        let error = #expect(throws: ConfigurationError.self) {
            try locator(temporary.path).configuration()
        }
        #expect(error?.code == .missing)
    }

    @Test("The state: the override, then the home, then the system's, then the home to be made")
    func state() throws {
        #expect(try locator("/").state().path == "\(temporary.path)/home/.sitestacker")
        _ = try temporary.folder("system")
        let system = try locator("/").state()
        #expect(system.path == "\(temporary.path)/system")
        #expect(system.passed == ["\(temporary.path)/home/.sitestacker"])
        _ = try temporary.folder("home")
        _ = try temporary.folder("home/.sitestacker")
        #expect(try locator("/").state().path == "\(temporary.path)/home/.sitestacker")
        let override = try locator("/", override: "/nowhere//yet/").state()
        #expect(override.path == "/nowhere/yet" && override.reason.contains("SITESTACKER_HOME"))
    }

    @Test("An override that is no absolute path is an error", arguments: ["", "relative", "~/x"])
    func badOverride(_ text: String) {
        let error = #expect(throws: ConfigurationError.self) {
            try locator("/", override: text).state()
        }
        #expect(error?.code == .invalid)
    }

    @Test("Without any home folder the system's state or an error")
    func homeless() throws {
        var homeless = ConfigurationLocator(
            workingDirectory: "/", home: nil, stateOverride: nil)
        homeless.systemState = "\(temporary.path)/system"
        let error = #expect(throws: ConfigurationError.self) { try homeless.state() }
        #expect(error?.code == .missing)
        _ = try temporary.folder("system")
        #expect(try homeless.state().path == homeless.systemState)
    }
}
