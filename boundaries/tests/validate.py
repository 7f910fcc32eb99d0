"""Validates what `boundaries` writes against the published schemas. Not part of `cargo test`.

    python3 -m venv /tmp/v && /tmp/v/bin/pip install jsonschema
    /tmp/v/bin/python boundaries/tests/validate.py SARIF_SCHEMA target/debug/boundaries

SARIF_SCHEMA is the 2.1.0 schema of OASIS, `sarif-schema-2.1.0.json`; the crate `serde-sarif` ships a copy as
`src/schema.json`. Each ledger of this repository is linted as SARIF, and held against `boundaries schema`.
"""

import datetime
import json
import pathlib
import subprocess
import sys
import tomllib

import jsonschema


def plain(value):
    if isinstance(value, dict):
        return {key: plain(inner) for key, inner in value.items()}
    if isinstance(value, list):
        return [plain(inner) for inner in value]
    if isinstance(value, (datetime.date, datetime.datetime)):
        return value.isoformat()
    return value


def printed(*arguments):
    done = subprocess.run(arguments, capture_output=True, text=True)
    assert done.returncode in (0, 1), done.stderr
    return done.stdout


sarif, command = json.load(open(sys.argv[1])), sys.argv[2]
ours = json.loads(printed(command, "schema"))
jsonschema.Draft7Validator.check_schema(ours)
root = pathlib.Path(__file__).parents[2]
ledgers = [*root.glob("boundaries/tests/ledgers/*.toml"), *root.glob("solutions/*/platform.boundaries.toml")]
ledgers += [root / "exercises/boundaries.toml", root / "solutions/boundaries.toml"]
wrong = 0
for file in ledgers:
    log = json.loads(printed(command, "lint", "--format", "sarif", "--pedantic", str(file)))
    errors = [*jsonschema.Draft7Validator(sarif).iter_errors(log)]
    value = plain(tomllib.loads(file.read_text()))
    errors += jsonschema.Draft7Validator(ours).iter_errors(value)
    wrong += len(errors)
    results = len(log["runs"][0]["results"])
    print(f"{file.relative_to(root)}: {results} results, {len(errors)} errors")
    for error in errors[:3]:
        print("   ", error.message[:200], list(error.path))
sys.exit(wrong > 0)
