from pathlib import Path

from provstore.uws.quotas import Usage, bytes_below


def test_bytes_are_counted_in_all_folders_and_links_lead_nowhere(tmp_path: Path) -> None:
    outside = tmp_path / "outside"
    outside.write_bytes(b"x" * 1000)
    job = tmp_path / "job"
    (job / "run" / "work").mkdir(parents=True)
    (job / "raw.fits").write_bytes(b"12345")
    (job / "run" / "work" / ".hidden").write_bytes(b"12")
    (job / "run" / "empty").touch()
    (job / "run" / "loop").symlink_to(job)
    (job / "run" / "link").symlink_to(outside)
    links = sum(one.lstat().st_size for one in (job / "run" / "loop", job / "run" / "link"))
    assert bytes_below(job) == 7 + links


def test_a_folder_that_is_not_there_has_no_bytes(tmp_path: Path) -> None:
    assert bytes_below(tmp_path / "none") == 0


def test_somebody_is_full_who_has_used_all_that_is_allowed() -> None:
    figures = [(0, 0), (9, 0), (9, 10), (10, 10), (11, 10)]
    assert [Usage(used=used, allowed=allowed).full for used, allowed in figures] == [False, False, False, True, True]
