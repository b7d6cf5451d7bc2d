"""The messages of a test, which it gives on stdin: a line for each, `text` or `binary` and the base64 of its parts."""
import base64
import sys


def read_table():
    """Returns a list of lists of parts: str or bytes, one part for a message that is not fragmented."""
    table = []
    for line in sys.stdin.read().splitlines():
        kind, *parts = line.split(" ")
        decoded = [base64.b64decode(part) for part in parts]
        table.append([part.decode() for part in decoded] if kind == "text" else decoded)
    return table
