"""Names of declared things in C."""

KEYWORDS = frozenset((
    "int", "long", "short", "char", "float", "double", "register", "auto", "static", "extern", "const", "struct", "union",
    "enum", "signed", "unsigned", "void", "volatile", "switch", "case", "default", "do", "goto", "sizeof", "typedef", "inline",
    "restrict", "m"))


def c_name(name):
    """A Python name as a C identifier."""
    return name + "_" if name in KEYWORDS else name
