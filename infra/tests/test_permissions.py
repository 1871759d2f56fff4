"""Each role may do what the access matrix says, and no more."""

import pytest

import from_terraform
import permissions
from conftest import VARIANTS, sam_shapes
from from_sam import texts
from plants import PRIVILEGE, planted


@pytest.mark.parametrize("variant", VARIANTS)
def test_the_roles_of_sam_are_the_access_matrix(variant):
    found = permissions.faults(sam_shapes(variant))
    assert not found, "\n".join(found)


@pytest.mark.parametrize("variant", VARIANTS)
def test_the_roles_of_terraform_are_the_access_matrix(variant, deployed):
    found = permissions.faults(from_terraform.described(deployed.plans[variant]))
    assert not found, "\n".join(found)


def test_the_roles_are_listed(capsys):
    grants = permissions.granted(sam_shapes("everything"))
    assert len(grants) == 5
    with capsys.disabled():
        print()
        for role, allowed in sorted(grants.items()):
            print(role)
            for action, resource, condition in sorted(allowed):
                print(f"    {action} on {resource}" + (f" if {condition}" if condition else ""))


@pytest.mark.parametrize(("file", "old", "new", "word"), PRIVILEGE, ids=[f"{plant[3]}: {plant[2].strip()}" for plant in PRIVILEGE])
def test_a_planted_excess_or_lack_is_found(file, old, new, word):
    found = permissions.faults(sam_shapes("everything", planted(texts(), file, old, new)))
    assert any(word in line for line in found), found
