"""`hftsim doctor` says what there is and what to do."""

import pytest


def test_doctor_answers_with_versions_and_findings(hftsim, monkeypatch, tmp_path):
    monkeypatch.setenv("HFTSIM_CACHE", str(tmp_path / "cache"))
    ended = hftsim("doctor", "--json")
    answer = ended.answer
    assert ended.code == (0 if answer["ok"] else 2)
    assert answer["packages"]["numpy"].startswith("2.")
    assert answer["kernel_cache"] == {"path": str(tmp_path / "cache/kernels"), "writable": True}
    assert set(answer["extras"]) == {"ml", "yahoo"}
    assert "hftsim doctor" in ended.err


def test_doctor_finds_a_cache_that_cannot_be_written(hftsim, monkeypatch, tmp_path):
    blocked = tmp_path / "file"
    blocked.write_text("not a folder", encoding="utf-8")
    monkeypatch.setenv("HFTSIM_CACHE", str(blocked))
    answer = hftsim("doctor", "--json").answer
    assert answer["cache"]["writable"] is False
    assert any("HFTSIM_CACHE" in f["advice"] for f in answer["findings"])


@pytest.mark.parametrize("quiet", [True, False])
def test_people_read_standard_output_and_json_readers_are_not_disturbed(hftsim, quiet):
    assert "hftsim doctor" in hftsim("doctor").out
    ended = hftsim("doctor", "--json", *(["-q"] if quiet else []))
    assert ended.answer["python"]
    assert ("hftsim doctor" in ended.err) is not quiet
