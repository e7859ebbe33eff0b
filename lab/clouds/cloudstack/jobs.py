# Copyright: (c) 2026, strategic.service_store contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Asynchronous jobs: the work happens after a delay, and its outcome is kept for queryAsyncJobResult."""

from __future__ import annotations

import datetime
import threading
from collections.abc import Callable

from .config import Config
from .context import Answer, Context
from .errors import INTERNAL, ApiError
from .store import Job, new_id

PENDING, SUCCEEDED, FAILED = 0, 1, 2


def submit(ctx: Context, work: Callable[[], Answer], config: Config, instance_id: str = "") -> Job:
    """Starts a job; with no delay it is done before the caller can ask for it."""
    job = Job(
        id=new_id(),
        command=f"org.apache.cloudstack.api.command.{ctx.command.name}Cmd",
        account_id=ctx.account.id,
        user_id=ctx.user.id,
        created=datetime.datetime.now(datetime.UTC).strftime("%Y-%m-%dT%H:%M:%S%z"),
        instance_id=instance_id,
        polls_left=config.job_polls,
    )
    ctx.store.jobs[job.id] = job
    if config.job_delay_s <= 0:
        _run(ctx, job, work)
    else:
        timer = threading.Timer(config.job_delay_s, _run, (ctx, job, work))
        timer.daemon = True
        timer.start()
    return job


def _run(ctx: Context, job: Job, work: Callable[[], Answer]) -> None:
    with ctx.store.lock:
        try:
            job.result = work()
            job.status = SUCCEEDED
        except ApiError as error:
            # CloudStack reports whatever goes wrong inside a job as 530; the text tells what it was.
            job.status, job.result_code = FAILED, INTERNAL
            job.result = {"errorcode": INTERNAL, "errortext": error.text}
