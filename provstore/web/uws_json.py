"""UWS documents as JSON: the UWS names, parameters as an object, results as a list."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterable
from urllib.parse import quote

from flask import Response, jsonify

from provstore.uws.clusters.placement import resources_of
from provstore.uws.jobs import Job, JobParameter, JobReference, JobResult
from provstore.uws.queue.rules import NOT_WAITING, Wait
from provstore.web.uws_xml import instant_text

__all__ = ["job_json", "jobs_json", "parameters_json", "results_json"]


def jobs_json(
    references: Iterable[JobReference], *, base: str, owner_of: Callable[[str], str], next_key: str | None = None
) -> Response:
    """Write a job list; ``base`` is the address of the tree, above its services."""
    items = [
        {
            "jobId": one.id,
            "href": f"{base}/{one.service}/{one.id}",
            "service": one.service,
            "phase": one.phase,
            "runId": one.run_id or None,
            "ownerId": owner_of(one.owner) or None,
            "creationTime": instant_text(one.created_at),
        }
        for one in references
    ]
    return jsonify({"items": items, "next": next_key})


def job_json(job: Job, *, base: str, owner: str, wait: Wait = NOT_WAITING, account: str = "") -> Response:
    """Write a job; ``wait`` is what keeps it from starting, ``account`` its account on a cluster as far as shown."""
    failure = job.failure
    return jsonify(
        {
            "jobId": job.id,
            "runId": job.run_id or None,
            "ownerId": owner or None,
            "phase": job.phase,
            "quote": instant_text(job.quote_at) or None,
            "creationTime": instant_text(job.created_at),
            "startTime": instant_text(job.started_at) or None,
            "endTime": instant_text(job.ended_at) or None,
            "executionDuration": int(job.execution_duration.total_seconds()),
            "destruction": instant_text(job.destruction_at) or None,
            "parameters": _parameters(job.parameters),
            "results": [_result(one, f"{base}/{job.id}/results") for one in job.results],
            "errorSummary": failure
            and {
                "type": "transient" if failure.transient else "fatal",
                "message": failure.message,
                "detail": failure.detail,
            },
            "jobInfo": _info(job, wait, account),
        }
    )


def parameters_json(job: Job) -> Response:
    """Write the parameters of a job: an object by name."""
    return jsonify(_parameters(job.parameters))


def results_json(job: Job, *, base: str) -> Response:
    """Write the results of a job as a list."""
    return jsonify({"items": [_result(one, f"{base}/{job.id}/results") for one in job.results], "next": None})


def _info(job: Job, wait: Wait, account: str) -> dict[str, object]:
    return {
        "description": job.revision,
        "executor": job.executor,
        "clusterAccount": account or None,
        "resources": resources_of(job.resources) or None,
        "ran": dict(job.ran) or None,
        "waitsFor": wait.reason or None,
        "queuePlace": wait.place,
        "host": job.host or None,
        "exitCode": job.exit_code,
        "cpuSeconds": job.cpu_seconds,
        "maxMemory": job.max_rss,
        "sweep": job.sweep or None,
        "remarks": job.remarks or None,
        "keptAt": instant_text(job.kept_at) or None,
        "history": [{"phase": one.phase, "at": instant_text(one.at), "cause": one.cause} for one in job.history],
    }


def _parameters(parameters: Iterable[JobParameter]) -> dict[str, str | list[str]]:
    """An input of several items is a list."""
    values: defaultdict[str, list[str]] = defaultdict(list)
    for one in parameters:
        values[one.name].append(one.value)
    return {name: items if len(items) > 1 else items[0] for name, items in values.items()}


def _result(result: JobResult, place: str) -> dict[str, str | int]:
    return {
        "id": result.name,
        "href": f"{place}/{quote(result.name)}",
        "size": result.size,
        "mimeType": result.content_type,
        "sha256": result.sha256,
    }
