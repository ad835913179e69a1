import NightjarCLI

@main struct Entry { static func main() { NightjarMain.main() } }
