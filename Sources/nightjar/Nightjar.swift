import NightjarCLI

@main
struct Nightjar {
    static func main() async {
        await NightjarCommand.runProcess()
    }
}
