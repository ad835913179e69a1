#!/usr/bin/env python3
"""Says which YAML files a JSON Schema accepts. Needs the packages `jsonschema` and `pyyaml`.

    check_schemas.py SCHEMA FILE...

Each line is `valid FILE`, `invalid FILE: WHERE: WHY` or `broken FILE: WHY` (no YAML). Each document of a file is checked.
"""
import json
import re
import sys

import jsonschema
import yaml


class Loader(yaml.SafeLoader):
    """Plain values as the core schema of YAML 1.2 reads them, and editors with it: no dates, no `yes`; and merges."""


Loader.yaml_implicit_resolvers = {}
for tag, pattern, first in [
    ("null", r"^(?:~|null|Null|NULL|)$", ["~", "n", "N", ""]),
    ("bool", r"^(?:true|True|TRUE|false|False|FALSE)$", list("tTfF")),
    ("int", r"^[-+]?[0-9]+$", list("-+0123456789")),
    ("float", r"^[-+]?(\.[0-9]+|[0-9]+(\.[0-9]*)?)([eE][-+]?[0-9]+)?$", list("-+.0123456789")),
    ("merge", r"^<<$", ["<"]),
]:
    Loader.add_implicit_resolver(f"tag:yaml.org,2002:{tag}", re.compile(pattern), first)


def verdict(validator, path):
    try:
        with open(path, "rb") as file:
            documents = list(yaml.load_all(file, Loader))
    except (yaml.YAMLError, UnicodeError, ValueError, RecursionError) as error:
        return f"broken {path}: {' '.join(str(error).split())[:200]}"
    for document in documents or [None]:
        for error in validator.iter_errors(document):
            place = "/".join(map(str, error.absolute_path)) or "the top"
            return f"invalid {path}: {place}: {error.message[:200]}"
    return f"valid {path}"


def main():
    with open(sys.argv[1], encoding="utf-8") as file:
        schema = json.load(file)
    jsonschema.Draft7Validator.check_schema(schema)
    validator = jsonschema.Draft7Validator(schema)
    for path in sys.argv[2:]:
        print(verdict(validator, path))


main()
