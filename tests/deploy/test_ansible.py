"""The Ansible role of venue hosts: keys are told to nobody, and every file is one of its owner."""

import base64
import shutil
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import jinja2
import pytest
import yaml

ANSIBLE = Path(__file__).parents[2] / "deploy" / "ansible"
ROLE = ANSIBLE / "roles" / "venuewatch"


def tasks(files: str = "*.yml") -> Iterator[dict[str, Any]]:
    """Return every task of the role's files, those of blocks, too."""
    for file in sorted((ROLE / "tasks").glob(files)):
        waiting = list(yaml.safe_load(file.read_text()))
        while waiting:
            task = waiting.pop(0)
            inside = [*task.get("block", []), *task.get("always", [])]
            waiting = [*inside, *waiting]
            if not inside:
                yield task


def copied(files: str = "*.yml") -> list[dict[str, Any]]:
    return [task for task in tasks(files) if "ansible.builtin.copy" in task]


def modules_of(task: dict[str, Any]) -> list[str]:
    return [key for key in task if key.startswith("ansible.builtin.")]


def test_each_task_has_a_name_and_one_module_of_ansibles_own() -> None:
    odd = [task for task in tasks() if "name" not in task or len(modules_of(task)) != 1]

    assert odd == []


def test_key_is_in_no_log_and_no_diff() -> None:
    copies = [task for task in copied() if "venuewatch_key }}" in str(task)]

    assert len(copies) == 2
    assert all(task["no_log"] is True and task["diff"] is False for task in copies)


def test_each_file_has_its_owner_and_mode() -> None:
    written = [
        task[module]
        for task in tasks()
        for module in modules_of(task)
        if module.endswith((".copy", ".template"))
    ]

    assert len(written) >= 4
    assert all({"owner", "group", "mode"} <= set(one) for one in written)


def test_pair_takes_its_place_only_once_both_files_are_there() -> None:
    written = [task["ansible.builtin.copy"]["dest"] for task in copied("credentials.yml")]
    (rename,) = [
        task["ansible.builtin.command"]["argv"][2]
        for task in tasks("credentials.yml")
        if "ansible.builtin.command" in task
    ]

    assert written == [f"/etc/venuewatch/{name}.new" for name in ("host.key", "host.pem")]
    assert rename == "mv -f host.key.new host.key && mv -f host.pem.new host.pem"


def test_key_that_was_brought_is_removed_in_any_case() -> None:
    (block,) = [
        one for one in yaml.safe_load((ROLE / "tasks" / "bundle.yml").read_text()) if "block" in one
    ]

    assert [one["ansible.builtin.file"]["state"] for one in block["always"]] == ["absent"]


@pytest.mark.parametrize(
    ("noted", "installed", "is_done"),
    [
        ("b1 i1\n", "i1", False),
        ("b0 i1\n", "i1", True),
        ("b1 i1\n", "i2", True),
        ("b1 i1\n", None, True),
        (None, "i1", True),
        (None, None, True),
    ],
    ids=["as noted", "other bundle", "upgraded by hand", "removed by hand", "by hand", "nothing"],
)
def test_bundle_is_installed_unless_it_is_there_as_noted(
    noted: str | None, installed: str | None, *, is_done: bool
) -> None:
    """``noted``: the file of the role; ``installed``: the digest of what ``install`` has noted."""
    (task,) = [one for one in tasks() if one["name"] == "Install or upgrade"]
    environment = jinja2.Environment(autoescape=True)
    environment.filters["b64decode"] = lambda text: base64.b64decode(text).decode()
    note = {} if noted is None else {"content": base64.b64encode(noted.encode()).decode()}
    found = {} if installed is None else {"checksum": installed}

    said = environment.compile_expression(task["when"])(
        venuewatch_bundle_sha256="b1",
        venuewatch_installed=note,
        venuewatch_present={"results": [{"stat": found}]},
    )

    assert said is is_done


def test_variables_that_have_no_default_are_asked_for_first() -> None:
    first = yaml.safe_load((ROLE / "tasks" / "main.yml").read_text())[0]

    for name in ("venuewatch_venue", "venuewatch_bundle", "venuewatch_bundle_sha256"):
        assert f"{name} is defined" in first["ansible.builtin.assert"]["that"]


@pytest.mark.real
@pytest.mark.skipif(shutil.which("ansible-lint") is None, reason="ansible-lint is not installed")
def test_ansible_lint_finds_nothing_wrong() -> None:
    done = subprocess.run(
        ["ansible-lint", "--offline", "--nocolor", "venue.yml", "roles"],
        capture_output=True,
        text=True,
        check=False,
        cwd=ANSIBLE,
    )

    assert done.returncode == 0, done.stdout + done.stderr


@pytest.mark.real
@pytest.mark.skipif(
    shutil.which("ansible-playbook") is None, reason="ansible-playbook is not installed"
)
def test_ansible_reads_the_playbook() -> None:
    done = subprocess.run(
        [
            *("ansible-playbook", "--syntax-check", "-i", "STA,"),
            *("-e", "venuewatch_venue=all", "venue.yml"),
        ],
        capture_output=True,
        text=True,
        check=False,
        cwd=ANSIBLE,
    )

    assert done.returncode == 0, done.stdout + done.stderr
