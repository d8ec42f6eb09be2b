"""requirements.txt lists what the package imports: all of it, and nothing else."""

from __future__ import annotations

import ast
import re
import sys
from collections.abc import Iterator

from tests.workplace import PROJECT

# What one kind of file, or the generator of the catalogue, needs; asked for where it is used.
OPTIONAL = {"pyarrow", "redis", "rq", "timm", "torch"}


def imported(tree: ast.AST) -> Iterator[str]:
    """Yield the packages that run-time imports below *tree* name; those for the type checker alone are no need."""
    for node in ast.iter_child_nodes(tree):
        if isinstance(node, ast.If) and isinstance(node.test, ast.Name) and node.test.id == "TYPE_CHECKING":
            continue
        if isinstance(node, ast.Import):
            yield from (alias.name.partition(".")[0] for alias in node.names)
        elif isinstance(node, ast.ImportFrom) and node.module and not node.level:
            yield node.module.partition(".")[0]
        yield from imported(node)


def test_every_import_is_a_requirement_and_every_requirement_is_imported() -> None:
    listed = re.findall(r"^(\w+)>=", (PROJECT / "requirements.txt").read_text(encoding="utf-8"), re.MULTILINE)
    modules = (PROJECT / "timm_sizes").rglob("*.py")
    names = {name for path in modules for name in imported(ast.parse(path.read_text(encoding="utf-8")))}
    assert names - sys.stdlib_module_names - {"timm_sizes"} - OPTIONAL == set(listed)
    assert listed == sorted(listed)
