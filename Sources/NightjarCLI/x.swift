import ArgumentParser

package enum NightjarMain { package static func main() {} }
