"""Seeding one defect: the class of the tables in defects.py and ccs/defects.py, and the import of a changed module."""

import importlib.util
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from importlib.abc import MetaPathFinder
from importlib.machinery import ModuleSpec, SourceFileLoader
from pathlib import Path
from types import CodeType, ModuleType

APP = Path(__file__).resolve().parents[2] / "app"


@dataclass(frozen=True, slots=True)
class Defect:
    """file: below app/v2h. aims: names of the faults that are tried first. tests: pytest's names of tests that are run
    instead, for defects that a judge of volts and amps cannot see. kind: of the campaign."""

    name: str
    file: str
    old: str
    new: str
    aims: tuple[str, ...] = ("none",)
    tests: tuple[str, ...] = ()
    kind: str = "chademo"

    @property
    def module(self) -> str:
        return "v2h." + self.file.removesuffix(".py").replace("/", ".")

    def seeded(self) -> str:
        """The changed source. Raises ValueError unless the text occurs exactly once."""
        source = (APP / "v2h" / self.file).read_text(encoding="utf-8")
        if source.count(self.old) != 1:
            raise ValueError(f"defect {self.name}: {self.file} holds {source.count(self.old)} times: {self.old!r}")
        return source.replace(self.old, self.new)


class _Loader(SourceFileLoader):
    """Compiles the changed text; no bytecode is read or written."""

    def __init__(self, module: str, path: str, source: str) -> None:
        super().__init__(module, path)
        self._source = source

    def get_code(self, fullname: str) -> CodeType:
        return compile(self._source, self.path, "exec", dont_inherit=True)


class _Finder(MetaPathFinder):
    def __init__(self, module: str, source: str) -> None:
        self._module, self._source = module, source

    def find_spec(
        self, fullname: str, path: Sequence[str] | None, target: ModuleType | None = None
    ) -> ModuleSpec | None:
        if fullname != self._module:
            return None
        file = str(APP.joinpath(*fullname.split(".")).with_suffix(".py"))
        return importlib.util.spec_from_file_location(fullname, file, loader=_Loader(fullname, file, self._source))


def seed(module: str, source: str) -> None:
    """From now on this process imports `module` from this text. Call it before any import from v2h."""
    if module in sys.modules:
        raise ValueError(f"{module} is imported already")
    sys.meta_path.insert(0, _Finder(module, source))
