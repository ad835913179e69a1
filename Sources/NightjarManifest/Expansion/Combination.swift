import NightjarCore

/// One combination of the axes, with what it sets for a prompt.
struct Combination {
    /// Name and value of every axis, in the order of the manifest.
    let axes: [(name: String, value: String)]
    /// `nil` without a model.
    let parameters: ImageRequest.Parameters?
    private let columns: [PromptItem.Variable]

    init(_ item: PromptItem, _ places: [Int], _ matrix: Matrix, _ defaults: RequestFields) {
        var fields = item.fields
        axes = zip(matrix.axes, places).map { ($0.name, $0.values[$1]) }
        for (axis, place) in zip(matrix.axes, places) {
            if let set = axis.fields { fields = fields.filled(from: set[place]) }
        }
        parameters = fields.filled(from: defaults).parameters
        columns = item.variables
    }

    func value(of name: String) -> String? {
        axes.first { $0.name == name }?.value ?? columns.first { $0.name == name }?.value
    }

    /// All values as a JSON object with sorted names; `nil` where there are none.
    var json: String? {
        guard !axes.isEmpty || !columns.isEmpty else { return nil }
        var object = JSONWriter()
        let all = axes + columns.map { ($0.name, $0.value) }
        for (name, value) in all.sorted(by: { $0.0 < $1.0 }) { object.add(name, value) }
        return object.text
    }
}
