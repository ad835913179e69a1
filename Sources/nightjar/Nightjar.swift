import NightjarCLI

@main
struct Nightjar {
    static func main() async {
        await NightjarProgram.run()
    }
}
