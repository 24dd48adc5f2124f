"""What becomes of a job, told by its own server: every way a script can end, and what it leaves behind."""

from __future__ import annotations

import hashlib
from pathlib import Path

import pytest
from lxml import etree

from provstore.client import Client, RemoteJob
from provstore.graph.model import Kind
from tests.e2e.served import Served, finish

XML_FORMATS = ("prov-xml", "votable", "svg")
MADE = 'echo hello >"$rs/out.txt"'


def bytes_of(client: Client, job: RemoteJob, name: str = "result") -> bytes:
    return client.fetch(f"/uws/{job.service}/{job.id}/results/{name}")


def provenance(client: Client, job: RemoteJob, form: str) -> bytes:
    return client.fetch(f"/uws/{job.service}/{job.id}/prov", query={"format": form})


def test_a_script_that_ends_well_completes_with_its_result(any_client: Client) -> None:
    job = finish(any_client, "one", MADE)
    result = job.results["result"]
    assert (job.phase, job.error) == ("COMPLETED", "")
    assert (result.size, result.sha256, result.mime_type) == (6, hashlib.sha256(b"hello\n").hexdigest(), "text/plain")
    assert bytes_of(any_client, job) == b"hello\n"


def test_every_phase_of_a_job_is_in_its_history(served_on_any: Served, any_client: Client) -> None:
    job = finish(any_client, "one", MADE)
    with served_on_any.records() as records:
        found = records.read(job.id)
    assert [change.phase for change in found.history] == ["PENDING", "QUEUED", "EXECUTING", "COMPLETED"]
    assert [change.at for change in found.history] == sorted(change.at for change in found.history)
    assert found.started_at is not None
    assert found.ended_at is not None
    assert found.created_at <= found.started_at <= found.ended_at
    assert (found.exit_code, found.open) == (0, False)


def test_the_result_is_generated_by_the_job_and_derives_from_its_input(any_client: Client, outside: Path) -> None:
    outside.write_text("origin")
    first = any_client.wait(any_client.run("copy", parameters={}, files={"input": outside}))
    second = any_client.wait(any_client.run("copy", parameters={"input": first.entity("output")}))
    assert second.phase == "COMPLETED"
    relations = any_client.lineage(second.entity("output"))["relations"]
    seen = {(one["kind"], one["source"].partition("#")[2], one["target"].partition("#")[2]) for one in relations}
    assert {
        (Kind.WAS_GENERATED_BY, second.entity("output"), second.id),
        (Kind.USED, second.id, first.entity("output")),
        (Kind.WAS_GENERATED_BY, first.entity("output"), first.id),
    } <= seen


def test_an_exit_code_is_an_error_that_names_it(any_client: Client) -> None:
    job = finish(any_client, "one", f"{MADE}; echo 'no such star' >&2; exit 3")
    assert (job.phase, job.error) == ("ERROR", "the script ended with exit code 3\nno such star\n")


def test_what_a_failed_script_has_made_is_kept(any_client: Client) -> None:
    job = finish(any_client, "one", f"{MADE}; exit 3")
    assert bytes_of(any_client, job) == b"hello\n"


def test_a_script_that_ends_early_with_success_is_an_error_that_names_the_pattern(any_client: Client) -> None:
    job = finish(any_client, "one", f"exit 0; {MADE}")
    assert (job.phase, job.error) == ("ERROR", "result result: no file 'out.txt' was made")


def test_a_script_that_writes_nothing_fails_where_something_is_promised(client: Client) -> None:
    assert finish(client, "only", ":").phase == "ERROR"


def test_a_script_that_writes_nothing_completes_where_nothing_is_promised(client: Client) -> None:
    job = finish(client, "many", ":")
    assert (job.phase, dict(job.results)) == ("COMPLETED", {})


def test_a_script_that_is_killed_is_an_error_that_names_the_signal(any_client: Client) -> None:
    job = finish(any_client, "one", f"{MADE}; kill -9 $$")
    assert (job.phase, job.error) == ("ERROR", "killed by SIGKILL")


def test_a_flood_on_stderr_is_bounded_and_keeps_its_head_and_tail(served: Served, client: Client) -> None:
    job = finish(client, "one", "echo first >&2; head -c 200M /dev/zero | tr '\\0' '=' >&2; echo last >&2; exit 1")
    log = served.run_directory(job) / "stderr"
    assert log.stat().st_size < (1 << 20) + 200
    assert log.read_bytes()[:6] == b"first\n"
    assert b"bytes left out]" in log.read_bytes()
    assert job.error.endswith("=last\n")
    assert len(job.error) < 5000


def test_a_directory_is_no_result(client: Client) -> None:
    job = finish(client, "one", 'mkdir "$rs/out.txt"')
    assert (job.phase, job.error) == ("ERROR", "result result: 'out.txt' is a directory; a result must be a file")


def test_a_pipe_is_no_result(client: Client) -> None:
    job = finish(client, "one", 'mkfifo "$rs/out.txt"')
    assert (job.phase, job.error) == ("ERROR", "result result: 'out.txt' is no regular file")


@pytest.mark.parametrize("target", ["/etc/hostname", "../../../../accounts.sqlite", "/etc"])
def test_a_link_out_of_the_job_is_refused(client: Client, target: str) -> None:
    job = finish(client, "one", f'ln -s {target} "$rs/out.txt"')
    assert (job.phase, dict(job.results)) == ("ERROR", {})
    assert job.error == "result result: 'out.txt' is a link to a file outside of the job"


def test_a_link_through_a_directory_out_of_the_job_is_refused(client: Client) -> None:
    job = finish(client, "named", 'ln -s /etc "$rs/away"', file="away/hostname")
    assert (job.phase, dict(job.results)) == ("ERROR", {})


def test_a_link_that_leads_nowhere_is_refused(client: Client) -> None:
    job = finish(client, "one", 'ln -s missing "$rs/out.txt"')
    assert (job.phase, job.error) == ("ERROR", "result result: 'out.txt' is a link that leads nowhere")


def test_a_link_inside_the_job_is_followed(client: Client) -> None:
    job = finish(client, "one", 'echo real >"$wd/real"; ln -s "$wd/real" "$rs/out.txt"')
    assert bytes_of(client, job) == b"real\n"


def test_a_link_to_another_result_leaves_both(client: Client) -> None:
    job = finish(client, "many", 'echo real >"$rs/a.dat"; ln -s a.dat "$rs/latest.dat"')
    assert [bytes_of(client, job, name) for name in job.results] == [b"real\n", b"real\n"]


def test_all_files_of_a_pattern_are_results_where_many_may_be(any_client: Client) -> None:
    job = finish(any_client, "many", 'for one in a b c; do echo $one >"$wd/$one.dat"; done')
    assert {name: bytes_of(any_client, job, name) for name in job.results} == {
        "data": b"a\n",
        "data-2": b"b\n",
        "data-3": b"c\n",
    }


def test_several_files_where_one_may_be_are_an_error(client: Client) -> None:
    job = finish(client, "only", "touch a.dat b.dat")
    assert (job.phase, job.error) == ("ERROR", "result data: 2 files match '*.dat' (a.dat, b.dat), only one may")


def test_the_results_directory_goes_before_the_working_directory(client: Client) -> None:
    job = finish(client, "only", 'echo scratch >"$wd/a.dat"; echo result >"$rs/b.dat"')
    assert bytes_of(client, job, "data") == b"result\n"


def test_two_results_of_one_name_are_an_error_and_not_an_endless_conflict(client: Client) -> None:
    job = finish(client, "twins", "touch 1.dat 2.dat b.txt")
    assert (job.phase, job.error) == ("ERROR", "result a-2: 2 files have this name")


def test_an_output_is_found_under_the_name_that_a_parameter_gives(client: Client) -> None:
    job = finish(client, "named", 'echo mine >"$rs/$file"', file="mine.txt")
    assert bytes_of(client, job) == b"mine\n"


def test_an_output_name_can_not_leave_the_job(client: Client) -> None:
    job = finish(client, "named", "echo $result", file="../../../accounts.sqlite")
    assert (job.phase, dict(job.results)) == ("ERROR", {})


def test_an_untouched_input_is_no_result_however_well_it_matches(client: Client, tmp_path: Path) -> None:
    (tmp_path / "image.dat").write_text("input")
    files = {"input": tmp_path / "image.dat"}
    job = client.wait(client.run("reads", parameters={"code": "exit 0"}, files=files))
    assert (job.phase, job.error) == ("ERROR", "result data: no file '*.dat' was made")


def test_an_input_changed_in_place_is_a_result_and_the_stored_one_stays(client: Client, tmp_path: Path) -> None:
    (tmp_path / "image.dat").write_text("input")
    code = 'echo more >>"$input"'
    job = client.wait(client.run("reads", parameters={"code": code}, files={"input": tmp_path / "image.dat"}))
    assert bytes_of(client, job, "data") == b"inputmore\n"
    assert client.fetch(f"/uws/reads/{job.id}/parameters/input") == b"input"


def test_a_file_name_that_is_no_text_is_an_error_that_shows_it(client: Client) -> None:
    job = finish(client, "many", "touch $'bad\\xff.dat'")
    assert (job.phase, job.error) == ("ERROR", "result data: the file name 'bad\\udcff.dat' is not UTF-8")


def test_what_no_xml_can_hold_on_stderr_leaves_the_documents_well_formed(client: Client) -> None:
    job = finish(client, "one", "printf 'a\\001\\033[31m\\377\\000z' >&2; exit 1")
    assert len(etree.fromstring(client.fetch(f"/uws/one/{job.id}")))
    for one in XML_FORMATS:
        assert etree.fromstring(provenance(client, job, one)).tag
    assert client.fetch(f"/uws/one/{job.id}/stderr") == b"a\001\033[31m\377\000z"


def test_a_file_name_with_markup_and_newlines_is_exported_whole(client: Client) -> None:
    job = finish(client, "many", "touch $'<a & \"b\"\\n\\001>.dat'")
    assert job.phase == "COMPLETED"
    for one in XML_FORMATS:
        assert etree.fromstring(provenance(client, job, one)).tag
    assert bytes_of(client, job, "data") == b""
