"""The demo says before it starts when the kernel does not let it keep the board's times."""

import os
import subprocess
import sys

import pytest

from v2h.rig.desk import may_run_in_real_time

NOBODY = 65534


@pytest.mark.skipif(os.geteuid() != 0, reason="only root can become somebody else")
def test_a_user_without_real_time_is_known() -> None:
    code = "import os, sys; from v2h.rig.desk import may_run_in_real_time as may; os.setgroups([]); os.setgid(65534); "
    code += f"os.setuid({NOBODY}); sys.exit(3 if not may() else 0)"
    env = {**os.environ, "PYTHONDONTWRITEBYTECODE": "1"}
    assert subprocess.run([sys.executable, "-c", code], env=env, timeout=30).returncode == 3


def test_the_question_leaves_no_priority_behind() -> None:
    may_run_in_real_time()
    assert os.sched_getscheduler(0) == os.SCHED_OTHER
