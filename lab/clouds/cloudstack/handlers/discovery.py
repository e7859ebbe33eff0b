# Copyright: (c) 2026, strategic.service_store contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What the cloud is and what the caller may do in it."""

from __future__ import annotations

from ..commands import Command
from ..context import Answer, Context
from ..errors import INTERNAL, ApiError
from ..params import Params, not_found
from ..store import stable_id

ZONE = "lab-zone-1"


def list_apis(ctx: Context, params: Params) -> Answer:
    name = params.text("name")
    allowed = ctx.account.role.commands(ctx.store.commands)
    if name is not None:
        allowed = [command for command in allowed if command.name.lower() == name.lower()]
        if not allowed:
            raise ApiError(INTERNAL, "Api Discovery plugin was unable to find an api by that name or process any apis")
    return {"count": len(allowed), "api": [_described(command) for command in allowed]}


def _described(command: Command) -> Answer:
    return {
        "name": command.name,
        "description": command.description,
        "isasync": command.is_async,
        "related": "",
        "params": [
            {"name": p.name, "description": "", "type": p.type, "length": p.length, "required": p.required}
            for p in command.params
        ],
        "response": [],
    }


def list_capabilities(ctx: Context, params: Params) -> Answer:
    return {
        "capability": {
            "cloudstackversion": ctx.store.version,
            "securitygroupsenabled": True,
            "dynamicrolesenabled": True,
            "defaultuipagesize": int(ctx.store.setting("default.page.size")),
        }
    }


def list_zones(ctx: Context, params: Params) -> Answer:
    zone = {
        "id": stable_id("zone", ZONE),
        "name": ZONE,
        "networktype": "Advanced",
        "securitygroupsenabled": True,
        "allocationstate": "Enabled",
    }
    wanted = {"id": params.text("id"), "name": params.text("name")}
    hit = all(value is None or zone[key] == value for key, value in wanted.items())
    return ctx.page(params, "zone", [zone] if hit else [])


def list_hosts(ctx: Context, params: Params) -> Answer:
    return ctx.page(params, "host", [])


def query_job(ctx: Context, params: Params) -> Answer:
    job = ctx.store.jobs.get(params.text("jobid") or "")
    if job is None:
        raise not_found(ctx.command, "jobid", params.text("jobid") or "")
    ctx.check_access(job.account_id)
    status = 0 if job.polls_left else job.status
    job.polls_left = max(0, job.polls_left - 1)
    answer: Answer = {
        "accountid": job.account_id,
        "userid": job.user_id,
        "cmd": job.command,
        "jobstatus": status,
        "jobprocstatus": 0,
        "jobresultcode": job.result_code if status else 0,
        "created": job.created,
        "jobid": job.id,
    }
    if status:
        answer.update(jobresulttype="object", jobresult=job.result)
    if job.instance_id:
        answer["jobinstanceid"] = job.instance_id
    return answer


HANDLERS = {
    "listApis": list_apis,
    "listCapabilities": list_capabilities,
    "listZones": list_zones,
    "listHosts": list_hosts,
    "queryAsyncJobResult": query_job,
}
