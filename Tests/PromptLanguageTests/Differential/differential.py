"""Expands templates with the Python package `dynamicprompts`, for the test to compare with.

Usage: differential.py SEED COUNT. Prints one JSON object a line: first the seed and the wildcards, as the package reads
them from files, then the templates. Templates of this file come first, then COUNT that are made at random.
"""

import json
import logging
import random
import signal
import sys
import tempfile
import warnings
from pathlib import Path

import yaml

from dynamicprompts.generators import CombinatorialPromptGenerator
from dynamicprompts.wildcards import WildcardManager

LIMIT = 2000

TEXT_FILES = {
    "animals.txt": "fox\nowl\n# a comment\n\n  hare  \n",
    "places/city.txt": "Rome\nOslo, at night\n",
    "places/wild.txt": "a {steep|flat} hill\nmarsh\n",
    "nested.txt": "__animals__ {by day|by night}\nonly __places/city__\n",
    "twice.txt": "same\nsame\nother\n",
    "one.txt": "{red|blue} hat\n",
    "alias.txt": "__animals__\n",
    "unicode.txt": "Füchsin\ne\u0301\n\u00e9\n狐\n🦊 fox\nZebra\näther\n",
    "param.txt": "${size:big} ${kind:dog}\nplain\n",
    "assign.txt": "${c={x|y}}${c}-${c}\n",
    "marks.txt": "a # cut\nhttp://x/y\n// all\nb|c}\n",
    "dup.txt": "{a|b}\n{b|a}\na\n",
    "wrap.txt": "%{ \u2026 at dusk $${cat|dog} }\n",
}
STRUCTURED = {
    "pantry.yaml": {
        "colors": {"warm": ["red", "3::orange", "0.5::gold"], "cold": ["blue", {"text": "cyan", "weight": 2}]},
        "single": "just one",
        "mixed": ["{a|b} c", "2::d", "__pantry-size__"],
        "pantry-size": ["small", "large"],
    },
    "deep/styles.json": {"styles": ["oil", "ink {wash|line}", "2::pencil"], "half": ["0.5::never"]},
}

HAND = [
    "", "plain", "  plain  text ", "two\nlines\n", "fox, owl; hare.", "{}", "{|}", "{ }", "{a}", "{ a }", "{a|b}",
    "{ a | b }", "{a|}", "{|a}", "{a|b|a}", "{a|{b|a}}", "{{a|b}|{b|c}}", "x {a|b} y {c|d} z", "{a{b|c}|d}e",
    "{2$$a|b|c}", "{2$$ and $$a|b|c}", "{1-2$$a|b|c}", "{-2$$a|b|c}", "{2-$$a|b|c}", "{3-1$$a|b|c}", "{0$$a|b}",
    "{0-1$$a|b}", "{0-2$$, $$a|b}", "{9$$a|b}", "{2$$a|a}", "{2$$a|a|b}", "{2$${a|b}|{a|b}}", "{2$${a|b}|{b|a}}",
    "{2$${a|b}|{b|c}|d}", "{2$$|a}", "{2$$|a|b}", "{2$$$$a|ab|b}", "{2$$,$$,|a|,b}", "{2$$ | $$a|b}", "{ 2$$a|b}",
    "{2 $$a|b}", "{2$$\n$$a|b}", "{1::a|2::b}", "{0.5::a|.5::b|5.::c}", "{-1.5::a|+2.5::b|-1::c}", "{ 2:: a | 3 ::b}",
    "{1::{2::a|3::b}|c}", "{!a|b}", "{ ! a|b}", "{!2$$a|b}", "__animals__", "a __animals__ b", "snake__animals__case",
    "x___animals__", "__animals___", "__!animals__", "{__animals__}", "{__animals__|cat}", "{2$$__animals__}",
    "{2$$ & $$__animals__}", "{2$$__animals__|cat}", "{1-2$$__places/city__|{x|y}}", "__places/*__", "{__places/*__}",
    "__city__", "__*__"[:0] + "__pl?ces/c*__", "__[pq]laces/[!w]*__", "__nested__", "{2$$__nested__}", "__twice__",
    "{__twice__}", "__one__", "{__one__}", "{2$$__one__}", "__alias__", "{__alias__}", "{2$$__alias__}", "__unicode__",
    "{2$$__unicode__}", "__colors/*__", "{__colors/*__}", "{2$$__colors/*__}", "__colors/warm__", "__single__",
    "__mixed__", "{__mixed__}", "__deep/styles__", "__styles__", "{__deep/styles__|x}", "__marks__", "__dup__",
    "{__dup__}", "{2$$__dup__}", "__wrap__", "__param__", "__param(size=small)__", "__param(size={a|b},kind=cat)__",
    "__param (size=x)__", "__param( size = two words , kind = k )__", "{__param(size=x)__}", "{__param(size=x)__|y}",
    "__assign__", "{__assign__}", "__{animals|one}__", "__places/{city|wild}__", "${w=animals}__${w}__",
    "__${w:animals}__", "__${animals}__", "${x=a}${x}", "${x={a|b}} ${x} ${x}", "${x=!{a|b}} ${x} ${x}",
    "${x?=a}${x}", "${x=a}${x?=b}${x}", "${x=a}${x=b}${x}", "${x} ${x=late}", "${ x = a }[${ x }]", "${x={2$$a|b|c}}${x}",
    "${x:d}", "${x:{a|b}}", "${x: d }", "${x={a|b}}{${x}|c}", "${x={a|b}}{2$$${x}|${x}}", "${x={a|b}}{2$$${x}|{a|c}}",
    "${x=${y}}${y=q}${x}", "${x=__animals__}${x}, ${x}", "${a-b_c=1}${a-b_c}", "%{a … b$$c}", "%{a ... b $$ {c|d} }",
    "%{{a|b} … x$${c|d}}", "%{no mark$$c}", "%{a..b....c$$d}", "%{$$c}", "%{a$$}", "x %{… y$$z} w", "{%{…!$$a|b}|c}",
    "{%{…!$${a|b}}|c}", "a # comment", "a # comment\nb", "a #c\n#d\n  b", "# all", "#", "// all\nb", "a // b",
    "{a|b} // c", "{a|b} /* c */ d", "/* c */a", "a /* c */ b", "{a /* c */|b}", "{/* c */a|b}", "{a|b # c\n}",
    "{a|b}\n# c\n{d|e}", "{2$$ # $$a|b}", "{2 /* x */ $$a|b}", "{2$$-#-$$a|b}", "http://x.y/{a|b}", "{a|http://x}",
    "a}b", "} {a|b}", "{a|b}}", "a | b", "a|{b|c}|d", "(a:1.2), [b:c:0.5]", "tab\there", "{a\t|\tb}", "{a\n|\nb}",
    "x{ \n a \n | \n b \n }y", "{狐|🦊} und {ä|e\u0301|\u00e9}", "{a|b}{c|d}{e|f}{g|h}", "\\{a\\}", "a:: b", "{a::b|c}",
    "{1:a|b}", "{$a|b}", "{a$$b|c}", "{$$a|b}", "100%", "$5", "5$ and 10%", "a __ b", "__", "____", "______ x", "a_b_c",
    "{a|b", "a {", "{a|{b}", "${x", "${x:a", "%{a$$b", "${}", "${1x}", "${a b}", "$ {a|b}", "${5|10} off", "50%{a|b}",
    "{__|a}", "{a|__}", "{${x=a}|b}", "__unknown__", "{__unknown__|a}", "${undefined}", "__ animals __", "__half__",
    "{__half__}", "a __half__ b", "__animals", "animals__", "__animals(__", "__animals(x)__", "__animals(x=)__",
]
LITERAL = [
    "100%", "$5", "5$ and 10%", "a __ b", "__", "____", "______ x", "50% off, $5 each, __", "a % b $ c", "${}", "${1x}",
    "${a b}", "$$", "%%", "${x=a}", "a $ # $"[:4], "tab\there", " \t lead", "trail \n",
]

WORDS = ["fox", "owl", "a hat", "red", "x", "y", "a", "b", "ä", "狐", "e\u0301", "🦊", "1", "2.5", "-", ".", "(w:1.1)",
         "it's", "a,b", "o|k"]
BLANKS = ["", "", "", " ", "  ", "\n", " \n "]
SEPARATORS = ["", " and $$", ", $$", "|$$", " $$", "a$$", "::$$"]
NAMES = ["animals", "places/city", "places/wild", "nested", "twice", "one", "alias", "unicode", "param", "assign", "dup",
         "colors/warm", "colors/cold", "colors/*", "single", "mixed", "styles", "c?t*", "wrap", "marks", "half"]
VARIABLES = ["x", "y", "kind", "size"]
COMMENTS = ["# gone {\n", " # gone\n", "/* gone | */", "// gone }\n", "#", " /* __ */ "]
ODDITIES = ["$5", "100%", " __ ", "$", "%", "}", "{", "$$", "#end", "${", "_"]


class Templates:
    def __init__(self, seed):
        self.random = random.Random(seed)

    def text(self):
        words = [self.random.choice(WORDS) for _ in range(self.random.randint(1, 2))]
        return self.blank() + " ".join(words).replace("|", "") + self.blank()

    def blank(self):
        return self.random.choice(BLANKS)

    def variant(self, depth):
        options = [self.option(depth - 1) for _ in range(self.random.choice([1, 2, 2, 3, 3, 4]))]
        if self.random.random() < 0.2:
            options.append(self.random.choice(options))
        sign = "!" if self.random.random() < 0.05 else ""
        bound = ""
        if self.random.random() < 0.4:
            low, high = self.random.randint(0, 3), self.random.randint(0, 3)
            bound = self.random.choice([f"{low}", f"{low}-{high}", f"-{high}", f"{low}-"]) + "$$"
            bound += self.random.choice(SEPARATORS)
        return "{" + self.blank() + sign + bound + "|".join(options) + "}"

    def option(self, depth):
        weight = ""
        if self.random.random() < 0.2:
            weight = self.random.choice(["1", "2", "0.5", ".25", "3.", "0"]) + "::"
        return self.blank() + weight + self.sequence(depth, self.random.choice([0, 1, 1, 1, 2]))

    def wildcard(self, depth):
        name = self.random.choice(NAMES)
        if self.random.random() < 0.1:
            name = "{" + name + "|animals}"
        parameters = ""
        if self.random.random() < 0.2:
            values = ["big", "a b", "{p|q}", "__one__"]
            parameters = "(" + ",".join(
                f"{self.random.choice(VARIABLES)}={self.random.choice(values)}"
                for _ in range(self.random.randint(1, 2))) + ")"
        return "__" + self.random.choice(["", "", "", "!"]) + name + parameters + "__"

    def access(self, depth):
        name = self.random.choice(VARIABLES)
        default = ""
        if self.random.random() < 0.5:
            default = ":" + self.sequence(depth - 1, 1)
        return "${" + self.blank() + name + self.blank() + default + "}"

    def assignment(self, depth):
        name = self.random.choice(VARIABLES)
        return "${" + name + self.random.choice(["=", "=", "?=", "=!", "?=!"]) + self.sequence(depth - 1, 1) + "}"

    def wrap(self, depth):
        wrapper = self.sequence(depth - 1, 1) + self.random.choice(["…", "...", ""]) + self.sequence(depth - 1, 1)
        return "%{" + wrapper + "$$" + self.sequence(depth - 1, 1) + "}"

    def sequence(self, depth, count):
        parts = []
        for _ in range(count):
            draw = self.random.random()
            if depth <= 0 or draw < 0.3:
                parts.append(self.text())
            elif draw < 0.65:
                parts.append(self.variant(depth))
            elif draw < 0.83:
                parts.append(self.wildcard(depth))
            elif draw < 0.93:
                parts.append(self.access(depth))
            else:
                parts.append(self.wrap(depth))
        return "".join(parts)

    def prompt(self):
        parts = []
        for _ in range(self.random.randint(1, 4)):
            draw = self.random.random()
            if draw < 0.15:
                parts.append(self.assignment(3))
            elif draw < 0.22:
                parts.append(self.random.choice(COMMENTS))
            elif draw < 0.26:
                parts.append(self.random.choice(ODDITIES))
            else:
                parts.append(self.sequence(3, 1))
        text = "".join(parts)
        if self.random.random() < 0.05 and text:
            place = self.random.randrange(len(text))
            text = text[:place] + self.random.choice(COMMENTS + ODDITIES + BLANKS) + text[place:]
        return text


class TooLong(Exception):
    pass


def stop(signal, frame):
    raise TooLong


def write_wildcards(folder):
    for name, text in TEXT_FILES.items():
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8")
    for name, data in STRUCTURED.items():
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(
            yaml.safe_dump(data, allow_unicode=True) if name.endswith(".yaml") else json.dumps(data), encoding="utf-8")


def entry(generator, template):
    """What the package makes of a template; None when that is too much."""
    signal.alarm(10)
    try:
        prompts = generator.generate(template, LIMIT + 1)
    except TooLong:
        return None
    except Exception as reason:  # Whatever it is: the package refuses.
        return {"template": template, "refused": f"{type(reason).__name__}: {reason}"[:200]}
    finally:
        signal.alarm(0)
    return None if len(prompts) > LIMIT else {"template": template, "prompts": prompts}


def main():
    seed, count = int(sys.argv[1]), int(sys.argv[2])
    logging.disable(logging.CRITICAL)
    warnings.simplefilter("ignore")
    signal.signal(signal.SIGALRM, stop)
    with tempfile.TemporaryDirectory() as name:
        write_wildcards(Path(name))
        manager = WildcardManager(Path(name))
        wildcards = [
            {"name": name, "values": [
                {"text": str(value), "weight": getattr(value, "weight", 1.0)} for value in collection.get_values()]}
            for name, collection in manager.tree.map.items()]
        print(json.dumps({"seed": seed, "wildcards": wildcards}))
        generator = CombinatorialPromptGenerator(manager)
        for template in HAND:
            # The package repeats an unknown wildcard for ever.
            made = entry(generator, template) or {"template": template, "refused": "endless"}
            print(json.dumps(made))
        for template in LITERAL:
            print(json.dumps({"template": template, "literal": True}))
        templates = Templates(seed)
        left, tries = count, 0
        while left > 0:
            tries += 1
            if tries > 50 * count:
                sys.exit("too few templates have few combinations")
            made = entry(generator, templates.prompt())
            if made is None:
                continue
            left -= 1
            print(json.dumps(made))


if __name__ == "__main__":
    main()
