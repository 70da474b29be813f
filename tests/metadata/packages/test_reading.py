"""Reading packages: all mistakes at once, each where it stands."""

from __future__ import annotations

from pathlib import Path

import pytest

from crm_platform.kit.errors import ValidationFailed
from metadata.packages.portable import export, load_package
from tests.metadata.packages.documents import choices, field, label, machine, package, stable, write


def mistakes(folder: Path) -> dict[str, str]:
    """Return the code of every mistake by its pointer."""
    with pytest.raises(ValidationFailed) as failed:
        load_package(folder)
    return {str(error.field).split(" ", 1)[1]: error.code for error in failed.value.errors}


def test_all_mistakes_are_reported_together(tmp_path: Path) -> None:
    broken = machine(
        field("weight__c", "decimal", settings={"digits": 99, "colour": "red"}),
        field("kind__c", "picklist"),
        field("kind__c", "poetry", key="other"),
        {"api_name": "No Name", "uuid": "x", "type": "text", "label": 3},
        size="large",
    )
    assert mistakes(write(tmp_path, broken)) == {"/objects/0/size": "unknown_field"}
    broken.pop("size")
    assert mistakes(write(tmp_path, broken)) == {
        "/objects/0/fields/1/settings/colour": "unknown_field",
        "/objects/0/fields/1/settings/digits": "invalid_type",
        "/objects/0/fields/2": "required",
        "/objects/0/fields/3": "not_unique",
        "/objects/0/fields/3/type": "invalid_choice",
        "/objects/0/fields/4/uuid": "invalid_type",
        "/objects/0/fields/4/label": "invalid_type",
    }


def test_a_mistake_names_file_and_line(tmp_path: Path) -> None:
    folder = write(tmp_path, machine(field("kind__c", "poetry")))
    line = 1 + (folder / "objects.yaml").read_text(encoding="utf-8").splitlines().index("    type: poetry")
    with pytest.raises(ValidationFailed) as failed:
        load_package(folder)
    assert [error.field for error in failed.value.errors] == [f"objects.yaml:{line} /objects/0/fields/1/type"]


def test_a_uuid_serves_once(tmp_path: Path) -> None:
    twice = machine(field("a__c", key="same"), field("b__c", key="same"))
    assert mistakes(write(tmp_path, twice)) == {"/objects/0/fields/2": "not_unique"}


def test_the_name_field_must_be_there(tmp_path: Path) -> None:
    assert mistakes(write(tmp_path, machine(name_field="title"))) == {"/objects/0": "required"}


@pytest.mark.parametrize("name", ["missing.yaml", "../objects.yaml", "/etc/passwd"])
def test_files_are_read_only_from_the_folder_itself(tmp_path: Path, name: str) -> None:
    folder = write(tmp_path / "inner", machine(), files=[name])
    (tmp_path / "objects.yaml").write_text("objects: []", encoding="utf-8")
    assert mistakes(folder) == {"/": "required"}


@pytest.mark.parametrize(
    "text", ["a: &x [1, 2]\nb: *x\n", "objects: [}\n", "- just\n- a list\n", "a: !!python/name:os.system\n"]
)
def test_hostile_or_broken_yaml_is_refused(tmp_path: Path, text: str) -> None:
    folder = write(tmp_path, machine())
    (folder / "objects.yaml").write_text(text, encoding="utf-8")
    assert set(mistakes(folder).values()) <= {"malformed", "invalid_type"}


def test_a_field_takes_choices_of_its_own_or_a_shared_set(tmp_path: Path) -> None:
    shared = [{"api_name": "kinds", "uuid": stable("kinds"), "label": label("Kinds"), "choices": choices("a", "b")}]
    fields = [
        field("own__c", "picklist", choices=choices("x", "y")),
        field("shared__c", "picklist", choice_set="kinds"),
        field("both__c", "picklist", choice_set="kinds", choices=choices("x")),
        field("unknown__c", "picklist", choice_set="nowhere"),
        field("text__c", choices=choices("x")),
        field("twice__c", "picklist", choices=choices("x", "x")),
    ]
    assert mistakes(write(tmp_path, machine(*fields), choice_sets=shared)) == {
        "/objects/0/fields/3": "required",
        "/objects/0/fields/4/choice_set": "invalid_choice",
        "/objects/0/fields/5": "unknown_field",
        "/objects/0/fields/6/choices/1": "not_unique",
    }


def test_what_is_written_is_read_back_the_same(tmp_path: Path) -> None:
    given = package(
        tmp_path / "first",
        machine(
            field("weight__c", "decimal", settings={"min": 0, "digits": 10}, default="1.5"),
            field("kind__c", "picklist", choices=choices("a", "b"), help_text="Plain text: no language"),
            removed=[{"uuid": stable("gone"), "api_name": "gone__c"}],
        ),
        list_views=[{"object": "machine__c", "uuid": stable("view"), "api_name": "all", "label": "All"}],
    )
    second = tmp_path / "second"
    second.mkdir()
    for name, content in export(given).items():
        (second / name).write_bytes(content)
    assert load_package(second) == given
    assert export(load_package(second)) == export(given)
