"""What tests share. Batteries hold asserts, which pytest explains only in modules that it is told of."""

import pytest

pytest.register_assert_rewrite("tests.kit.object_battery")
