"""The data folder is taken only when it is empty or ours, and emptied only when it is a demo's."""

from pathlib import Path

import pytest

from balcao.store.embedded import Embedded, InUse
from balcao.store.folder import NotOurs, Purpose, claim, empty, purpose_of


def test_a_new_folder_is_made_and_stays_what_it_was_made_for(tmp_path: Path) -> None:
    home = tmp_path / "deep" / "home"
    claim(home, Purpose.DEMO)
    claim(home, Purpose.DEMO)
    assert purpose_of(home) is Purpose.DEMO
    with pytest.raises(NotOurs, match="holds the data of a demo"):
        claim(home, Purpose.SERVER)


def test_a_folder_with_something_else_in_it_is_left_alone(tmp_path: Path) -> None:
    (tmp_path / "thesis.txt").touch()
    mode = tmp_path.stat().st_mode
    with pytest.raises(NotOurs, match="not Balcão's"):
        claim(tmp_path, Purpose.DEMO)
    with pytest.raises(NotOurs, match="is not emptied"):
        empty(tmp_path)
    assert [path.name for path in tmp_path.iterdir()] == ["thesis.txt"]
    assert tmp_path.stat().st_mode == mode


def test_a_file_is_no_folder(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    with pytest.raises(NotOurs, match="cannot be used"):
        claim(tmp_path / "file", Purpose.DEMO)


def test_only_a_demo_is_emptied(tmp_path: Path) -> None:
    for purpose in Purpose:
        claim(tmp_path / purpose, purpose)
        (tmp_path / purpose / "data").mkdir()
    empty(tmp_path / Purpose.DEMO)
    assert not (tmp_path / Purpose.DEMO / "data").exists()
    assert purpose_of(tmp_path / Purpose.DEMO) is Purpose.DEMO
    with pytest.raises(NotOurs):
        empty(tmp_path / Purpose.SERVER)


def test_a_demo_that_runs_is_not_emptied(tmp_path: Path) -> None:
    claim(tmp_path, Purpose.DEMO)
    (tmp_path / "data").mkdir()
    with Embedded(tmp_path).held(), pytest.raises(InUse):
        empty(tmp_path)
    assert (tmp_path / "data").exists()
